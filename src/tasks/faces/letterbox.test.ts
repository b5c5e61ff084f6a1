import { describe, expect, it } from "vitest";
import { noise } from "../../images/noise.testing.js";
import { faceInPicture } from "./face.js";
import { letterbox } from "./letterbox.js";

const pixel = (data: Uint8Array, width: number, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x + 1) * 3),
];

describe("letterbox", () => {
  it("keeps a square picture of the model's size as it is", () => {
    const picture = noise(128, 128);
    expect(letterbox(picture, 128)).toEqual({ pixels: picture, side: 128, left: 0, top: 0 });
  });

  it("puts black above and below a wide picture", () => {
    const picture = noise(128, 64);
    const { pixels, top, left } = letterbox(picture, 128);
    expect([left, top]).toEqual([0, -32]);
    expect(pixel(pixels.data, 128, 60, 31)).toEqual([0, 0, 0]);
    expect(pixel(pixels.data, 128, 60, 32)).toEqual(pixel(picture.data, 128, 60, 0));
    expect(pixel(pixels.data, 128, 60, 96)).toEqual([0, 0, 0]);
  });

  it("begins at half a pixel when the sides differ by an odd number, mixing two columns", () => {
    const picture = noise(125, 128);
    const { pixels, left } = letterbox(picture, 128);
    expect(left).toBe(-1.5);
    const [a, b] = [pixel(picture.data, 125, 10, 7), pixel(picture.data, 125, 11, 7)];
    expect(pixel(pixels.data, 128, 12, 7)).toEqual(a.map((value, channel) => (value + b[channel]! + 1) >> 1));
  });

  it.each([
    [1, 1],
    [10_000, 50],
    [3, 4000],
  ])("fits a picture of %d x %d", (width, height) => {
    const { pixels, side } = letterbox(noise(width, height), 192);
    expect(pixels).toMatchObject({ width: 192, height: 192 });
    expect(side).toBe(Math.max(width, height));
  });
});

describe("faceInPicture", () => {
  it("undoes the letterbox: the whole picture comes back as its own box, in pixels", () => {
    const { side, left, top } = letterbox(noise(125, 64), 128);
    const inset = (125 - 64) / 2 / 125;
    const points = Float64Array.of(0, inset, 1, 1 - inset, ...Array(12).fill(0.5));
    const face = faceInPicture({ score: 0.75, points }, { side, left, top });
    expect(face.score).toBe(0.75);
    expect(face.box.x).toBe(0);
    expect(face.box.y).toBeCloseTo(0, 12);
    expect(face.box.width).toBe(125);
    expect(face.box.height).toBeCloseTo(64, 12);
    expect(face.landmarks).toEqual(Array(6).fill({ x: 62.5, y: 32 }));
  });
});
