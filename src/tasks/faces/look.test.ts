import { describe, expect, it } from "vitest";
import { noise } from "../../images/noise.testing.js";
import { faceInPicture, lookPixels, toPicture, wholePicture } from "./look.js";

const pixel = (data: Uint8Array, width: number, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x + 1) * 3),
];
const whole = (width: number, height: number, size: number) => {
  const picture = noise(width, height);
  return { picture, pixels: lookPixels(picture, wholePicture(picture), size) };
};

describe("lookPixels", () => {
  it("keeps a square picture of the network's size as it is", () => {
    const { picture, pixels } = whole(128, 128, 128);
    expect(pixels).toEqual(picture);
  });

  it("puts black above and below a wide picture", () => {
    const { picture, pixels } = whole(128, 64, 128);
    expect(pixel(pixels.data, 128, 60, 31)).toEqual([0, 0, 0]);
    expect(pixel(pixels.data, 128, 60, 32)).toEqual(pixel(picture.data, 128, 60, 0));
    expect(pixel(pixels.data, 128, 60, 96)).toEqual([0, 0, 0]);
  });

  it("begins at half a pixel when the sides differ by an odd number, mixing two columns", () => {
    const { picture, pixels } = whole(125, 128, 128);
    const [a, b] = [pixel(picture.data, 125, 10, 7), pixel(picture.data, 125, 11, 7)];
    expect(pixel(pixels.data, 128, 12, 7)).toEqual(a.map((value, channel) => (value + b[channel]! + 1) >> 1));
  });

  it.each([
    [1, 1],
    [10_000, 50],
    [3, 4000],
  ])("fits a picture of %d x %d", (width, height) => {
    expect(whole(width, height, 192).pixels).toMatchObject({ width: 192, height: 192 });
  });

  it("shows a picture that lies on its side upright when it is turned as much", () => {
    const { picture } = whole(64, 64, 64);
    const { data } = lookPixels(picture, { ...wholePicture(picture), angle: Math.PI / 2 }, 64);
    // Corner maps to corner, so a quarter turn leaves out a row: column x of the look is row x of the picture, from its right end.
    expect(pixel(data, 64, 5, 1)).toEqual(pixel(picture.data, 64, 63, 5));
    expect(pixel(data, 64, 20, 40)).toEqual(pixel(picture.data, 64, 24, 20));
  });
});

describe("faceInPicture", () => {
  it("brings the whole picture back as its own box, in pixels", () => {
    const inset = (125 - 64) / 2 / 125;
    const points = Float64Array.of(0, inset, 1, 1 - inset, ...Array(12).fill(0.5));
    const face = faceInPicture({ score: 0.75, points }, wholePicture({ width: 125, height: 64 }));
    expect(face.score).toBe(0.75);
    expect(face.box.x).toBe(0);
    expect(face.box.y).toBeCloseTo(0, 12);
    expect(face.box.width).toBe(125);
    expect(face.box.height).toBeCloseTo(64, 12);
    expect(face.landmarks).toEqual(Array(6).fill({ x: 62.5, y: 32 }));
  });

  const points = Float64Array.of(0.2, 0.3, 0.6, 0.5, ...Array(12).fill(0.25)); // 40 x 20 around (40, 40)
  const turned = (angle: number) =>
    faceInPicture({ score: 0.9, points }, { centerX: 50, centerY: 50, side: 100, angle }).box;

  it("lets width and height change places when the look lies on its side", () => {
    const { x, y, width, height } = turned(Math.PI / 2);
    for (const [value, expected] of [[x, 50], [y, 20], [width, 20], [height, 40]] as const) expect(value).toBeCloseTo(expected, 9); // biome-ignore format: one line
  });

  it("keeps a box's middle and the sum of its sides at any turn, within 1e-9", () => {
    for (const angle of [0.3, 1, 2, -2.5]) {
      const { x, y, width, height } = turned(angle);
      const middle = toPicture({ centerX: 50, centerY: 50, side: 100, angle }, 0.4, 0.4);
      expect(x + width / 2).toBeCloseTo(middle.x, 9);
      expect(y + height / 2).toBeCloseTo(middle.y, 9);
      expect(width + height).toBeCloseTo(60, 9);
    }
  });
});
