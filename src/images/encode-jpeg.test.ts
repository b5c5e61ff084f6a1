import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeImage } from "./decode-image.js";
import { encodeJpeg } from "./encode-jpeg.js";
import { blankImage, type Image } from "./image.js";
import { noise } from "./noise.testing.js";

const photo = (name: string) => readFileSync(join(import.meta.dirname, "../../conformance/photos", name));
/** Peak signal to noise ratio, decibels. */
function psnr(a: Image, b: Image): number {
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.data.length));
}

describe("encodeJpeg", () => {
  it.each([
    [95, 40],
    [90, 36],
    [50, 28],
  ])("at quality %i a photograph comes back with at least %i dB", async (quality, least) => {
    const image = await decodeImage(photo("astronaut.png"));
    const jpeg = encodeJpeg(image, { quality });
    const { width, height, ...rest } = await decodeImage(jpeg);
    expect([width, height]).toEqual([512, 512]);
    expect(psnr(image, { width, height, ...rest })).toBeGreaterThan(least);
    expect(jpeg.length).toBeLessThan(image.data.length / 3);
  });

  it.each([
    [1, 1],
    [7, 9],
    [8, 8],
    [17, 3],
    [1, 300],
  ])("%i x %i pixels of noise come back within 12 at quality 100", async (width, height) => {
    const image = noise(width, height);
    const back = await decodeImage(encodeJpeg(image, { quality: 100 }));
    expect([back.width, back.height]).toEqual([width, height]);
    expect(Math.max(...image.data.map((value, i) => Math.abs(value - back.data[i]!)))).toBeLessThanOrEqual(12);
  });

  it("takes every quality, and one color comes back as it was", async () => {
    const gray = { ...blankImage(20, 10), data: new Uint8Array(600).fill(128) };
    for (const quality of [1, 25, 49, 50, 75, 99, 100])
      expect((await decodeImage(encodeJpeg(gray, { quality }))).data).toEqual(gray.data);
  });

  it.each([
    [{ quality: 0 }, "input/option"],
    [{ quality: 101 }, "input/option"],
    [{ quality: 90.5 }, "input/option"],
  ])("refuses %o", (options, code) => {
    expect(() => encodeJpeg(blankImage(1, 1), options)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses what a JPEG can't hold", () => {
    expect(() => encodeJpeg(blankImage(65_536, 1))).toThrow(expect.objectContaining({ code: "input/size" }));
    expect(() => encodeJpeg({} as Image)).toThrow(expect.objectContaining({ code: "input/image" }));
  });
});
