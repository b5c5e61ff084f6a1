import { describe, expect, it } from "vitest";
import { centerCrop, crop } from "./crop.js";
import type { Image } from "./image.js";

/** A row of pixels of the values 1, 2, 3 ... */
const row = (width: number): Image => ({
  data: Uint8Array.from({ length: width * 3 }, (_, i) => Math.floor(i / 3) + 1),
  width,
  height: 1,
  channels: 3,
});
const values = ({ data }: Image) => [...data].filter((_, i) => i % 3 === 0);

describe("crop", () => {
  it("cuts out rows and columns", () => {
    const image: Image = { data: Uint8Array.from({ length: 36 }, (_, i) => i), width: 4, height: 3, channels: 3 };
    const part = crop(image, { left: 1, top: 1, width: 2, height: 2 });
    expect(part).toEqual({
      data: Uint8Array.from([15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]),
      width: 2,
      height: 2,
      channels: 3,
    });
  });

  it("is black outside the image", () => {
    expect(values(crop(row(3), { left: -1, top: 0, width: 6, height: 1 }))).toEqual([0, 1, 2, 3, 0, 0]);
    expect(values(crop(row(3), { left: 1, top: -1, width: 2, height: 3 }))).toEqual([0, 0, 2, 3, 0, 0]);
    expect(values(crop(row(3), { left: 9, top: 0, width: 2, height: 1 }))).toEqual([0, 0]);
  });

  it.each([
    ["an empty region", { left: 0, top: 0, width: 0, height: 1 }],
    ["a fraction", { left: 0.5, top: 0, width: 1, height: 1 }],
  ])("refuses %s", (_, region) => {
    expect(() => crop(row(3), region)).toThrow(expect.objectContaining({ code: "input/size" }));
  });
});

describe("centerCrop", () => {
  it.each([
    [3, 2, [1, 2], [1, 2]], // half a pixel: 0 either way
    [5, 2, [2, 3], [3, 4]], // one and a half: down to 1, to even 2
    [7, 2, [3, 4], [3, 4]], // two and a half: 2 either way
    [6, 2, [3, 4], [3, 4]],
  ])("of %i pixels to %i rounds down as Hugging Face, or half to even as Python's round", (from, to, down, even) => {
    expect(values(centerCrop(row(from), to, 1, "down"))).toEqual(down);
    expect(values(centerCrop(row(from), to, 1, "half-to-even"))).toEqual(even);
  });

  it("puts a black border around too small a picture, its odd pixel before it (Hugging Face) or behind it (torchvision)", () => {
    expect(values(centerCrop(row(2), 5, 1, "down"))).toEqual([0, 0, 1, 2, 0]);
    expect(values(centerCrop(row(2), 5, 1, "half-to-even"))).toEqual([0, 1, 2, 0, 0]);
  });
});
