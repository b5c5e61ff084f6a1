import { describe, expect, it } from "vitest";
import { decodeImage } from "./decode-image.js";
import { encodePng } from "./encode-png.js";
import { noise } from "./noise.testing.js";

describe("encodePng", () => {
  it.each([
    [1, 1],
    [5, 3],
    [224, 100],
  ])("round-trips %i x %i pixels through decodeImage", async (width, height) => {
    const image = noise(width, height);
    await expect(decodeImage(encodePng(image))).resolves.toEqual(image);
  });

  it("writes the signature, an 8-bit RGB header and the end chunk of the specification", () => {
    const png = Buffer.from(encodePng({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 }));
    expect(png.subarray(0, 33).toString("hex")).toBe(
      "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de",
    );
    expect(png.subarray(-12).toString("hex")).toBe("0000000049454e44ae426082");
  });

  it("refuses pixels that do not fill the image", () => {
    expect(() => encodePng({ data: new Uint8Array(5), width: 1, height: 2, channels: 3 })).toThrow(
      expect.objectContaining({ code: "input/image" }),
    );
  });
});
