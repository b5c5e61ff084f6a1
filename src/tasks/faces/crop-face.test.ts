import { describe, expect, it } from "vitest";
import { crop } from "../../images/crop.js";
import { blankImage, type Image } from "../../images/image.js";
import { noise } from "../../images/noise.testing.js";
import { type CropFaceOptions, cropFace } from "./crop-face.js";
import type { Face, Point } from "./face.js";

const picture = noise(200, 150);
const face: Pick<Face, "box" | "landmarks"> = {
  box: { x: 40.2, y: 30.4, width: 60, height: 40 },
  landmarks: [
    { x: 55, y: 45 },
    { x: 85, y: 55 },
  ],
};
const black = (image: Image) => image.data.every((value) => value === 0);

describe("cropFace", () => {
  it("cuts the box out pixel for pixel, at whole pixels", () => {
    const { image, matrix } = cropFace(picture, face);
    expect(image).toEqual(crop(picture, { left: 40, top: 30, width: 60, height: 40 }));
    expect(matrix).toEqual([1, 0, 40, 0, 1, 30]);
  });

  it("makes a square of the longer side around the same middle, and adds the margin on each side", () => {
    const { image, toPicture } = cropFace(picture, face, { square: true, margin: 0.25 });
    expect([image.width, image.height]).toEqual([90, 90]);
    const middle = toPicture({ x: 45, y: 45 });
    expect(Math.abs(middle.x - 70.2)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(middle.y - 50.4)).toBeLessThanOrEqual(0.5);
  });

  it("gives a square of `size` pixels whose points still lie where they lay", () => {
    const { image, toPicture, toCrop } = cropFace(picture, face, { size: 224 });
    expect([image.width, image.height]).toEqual([224, 224]);
    expect(toPicture({ x: 0, y: 0 })).toEqual({ x: 40, y: 20 });
    expect(toPicture({ x: 224, y: 224 })).toEqual({ x: 100, y: 80 });
    expect(toCrop({ x: 70, y: 50 })).toEqual({ x: 112, y: 112 });
  });

  it("stretches the box itself onto `size` when told that it need not be square", () => {
    const { toPicture } = cropFace(picture, face, { size: 80, square: false });
    expect(toPicture({ x: 80, y: 80 })).toEqual({ x: 100, y: 70 });
  });

  it.each([0, 17, 45, 90, 180, -120])(
    "lays the eyes of a face turned by %d degrees level, the right one on the left, within 1e-9 pixels",
    (degrees) => {
      const angle = (degrees * Math.PI) / 180;
      const around = (distance: number): Point => ({
        x: 100 + distance * Math.cos(angle),
        y: 75 + distance * Math.sin(angle),
      });
      const turned = { box: { x: 70, y: 45, width: 60, height: 60 }, landmarks: [around(-20), around(20)] };
      const { toCrop } = cropFace(picture, turned, { align: "eyes" });
      const [right, left] = turned.landmarks.map(toCrop);
      expect(right!.x).toBeCloseTo(10, 9);
      expect(left!.x).toBeCloseTo(50, 9);
      expect(right!.y).toBeCloseTo(30, 9);
      expect(left!.y).toBeCloseTo(30, 9);
    },
  );

  it("turns a face that lies on its side as a turned picture would: the same bytes", () => {
    const landmarks = [{ x: 70, y: 20 }, { x: 70, y: 60 }]; // biome-ignore format: one line
    const { image } = cropFace(picture, { box: { x: 50, y: 20, width: 40, height: 40 }, landmarks }, { align: "eyes" });
    const level = crop(picture, { left: 50, top: 20, width: 40, height: 40 });
    const expected = Array.from({ length: 40 * 40 }, (_, i) => {
      const [row, column] = [Math.floor(i / 40), i % 40]; // of the crop: its right is the picture's down
      const from = (column * 40 + (39 - row)) * 3;
      return [...level.data.subarray(from, from + 3)];
    }).flat();
    expect([...image.data]).toEqual(expected);
  });

  it.each<CropFaceOptions>([
    {},
    { align: "eyes" },
    { align: "eyes", margin: 0.3, size: 57 },
    { size: 31, square: false },
  ])("maps points of the crop %o to the picture and back within 1e-9 pixels", (options) => {
    const { toPicture, toCrop } = cropFace(picture, face, options);
    for (const point of [
      { x: 0, y: 0 },
      { x: 12.5, y: 3 },
      { x: -4, y: 80 },
    ]) {
      // biome-ignore format: one line
      const back = toCrop(toPicture(point));
      expect(back.x).toBeCloseTo(point.x, 9);
      expect(back.y).toBeCloseTo(point.y, 9);
    }
  });

  it("shows at a point of the turned crop what its matrix says lies there", () => {
    const slope = blankImage(200, 150); // red grows to the right, green downwards: a place can be read from its color
    for (let y = 0; y < 150; y++) for (let x = 0; x < 200; x++) slope.data.set([x, y, 0], (y * 200 + x) * 3);
    const { image, toPicture } = cropFace(slope, face, { align: "eyes" });
    for (const [column, row] of [
      [5, 5],
      [30, 20],
      [55, 35],
    ] as const) {
      // biome-ignore format: one line
      const { x, y } = toPicture({ x: column + 0.5, y: row + 0.5 });
      const [red, green] = image.data.subarray((row * image.width + column) * 3);
      expect(Math.abs(red! + 0.5 - x)).toBeLessThan(0.6); // a level, and 1/32 pixel
      expect(Math.abs(green! + 0.5 - y)).toBeLessThan(0.6);
    }
  });

  it("is black where the box reaches beyond the picture, and keeps its place", () => {
    const { image, matrix } = cropFace(picture, { box: { x: -20, y: 140, width: 40, height: 40 }, landmarks: [] });
    expect(matrix).toEqual([1, 0, -20, 0, 1, 140]);
    expect(black(crop(image, { left: 0, top: 0, width: 20, height: 40 }))).toBe(true);
    expect(black(crop(image, { left: 0, top: 10, width: 40, height: 30 }))).toBe(true);
    expect(crop(image, { left: 20, top: 0, width: 20, height: 10 })).toEqual(
      crop(picture, { left: 0, top: 140, width: 20, height: 10 }),
    );
    const outside = { box: { x: 900, y: 900, width: 10, height: 10 }, landmarks: face.landmarks };
    expect(black(cropFace(picture, outside, { align: "eyes" }).image)).toBe(true);
  });

  it("gives a pixel of a face that is smaller than one", () => {
    const { image } = cropFace(picture, { box: { x: 7.6, y: 9.2, width: 0.01, height: 0.2 }, landmarks: [] });
    expect([image.width, image.height]).toEqual([1, 1]);
  });

  it.each([{ margin: 0.3 }, { align: "eyes", square: false }] as const)(
    "gives a crop of a size also of a face that is too large to be cut out, and its place within a pixel: %o",
    (options) => {
      const slope = blankImage(6000, 2000); // red grows to the right, green downwards
      for (let y = 0; y < 2000; y++)
        for (let x = 0; x < 6000; x++) slope.data.set([x / 24, y / 8, 0], (y * 6000 + x) * 3);
      const close = { box: { x: -900, y: -300, width: 7400, height: 7000 }, landmarks: [{ x: 1000, y: 500 }, { x: 3000, y: 700 }] }; // biome-ignore format: one line
      expect(() => cropFace(slope, close, { ...options, margin: 0.3 })).toThrow(expect.objectContaining({ code: "input/size" })); // biome-ignore format: one line
      const { image, toPicture, toCrop } = cropFace(slope, close, { ...options, size: 400 });
      expect([image.width, image.height]).toEqual([400, 400]);
      for (const point of [
        { x: 1500, y: 400 },
        { x: 4000, y: 1200 },
      ]) {
        const { x, y } = toCrop(point);
        expect(Math.hypot(toPicture({ x, y }).x - point.x, toPicture({ x, y }).y - point.y)).toBeLessThan(1e-6);
        const [red, green] = image.data.subarray((Math.floor(y) * 400 + Math.floor(x)) * 3);
        expect(Math.abs(red! - point.x / 24)).toBeLessThan(2); // a pixel of the crop is 19 of the picture's, and a level 24
        expect(Math.abs(green! - point.y / 8)).toBeLessThan(4); // ... and 8
      }
    },
  );

  it.each([
    [{ x: 0, y: 0, width: 0, height: 5 }, "input/face"],
    [{ x: 0, y: 0, width: 5, height: -5 }, "input/face"],
    [{ x: Number.NaN, y: 0, width: 5, height: 5 }, "input/face"],
    [{ x: 1e300, y: 0, width: 5, height: 5 }, "input/face"],
    [undefined, "input/face"],
    [{ x: 0, y: 0, width: 1e6, height: 1e6 }, "input/size"],
  ])("refuses the box %o with %s", (box, code) => {
    const bad = { box: box as Face["box"], landmarks: [] };
    expect(() => cropFace(picture, bad)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    { margin: -0.1 },
    { margin: 5 },
    { margin: "wide" },
    { size: 0 },
    { size: 1e6 },
    { align: "nose" },
    { square: 1 },
    { padding: 1 },
  ])(
    // biome-ignore format: one line
    "refuses %o",
    (options) => {
      expect(() => cropFace(picture, face, options as object)).toThrow(
        expect.objectContaining({ code: "input/option" }),
      );
    },
  );

  it.each([
    [1, 9000],
    [200, 150],
  ])("takes a box far larger than a picture of %i x %i", (width, height) => {
    const box = { x: 0, y: 0, width: 20_000, height: 20_000 };
    const make = () => cropFace(noise(width, height), { box, landmarks: [] }, { size: 64 }).image.width;
    // A picture of one pixel's width can't be shrunk across, so its box stays too large.
    if (width === 1) expect(make).toThrow(expect.objectContaining({ code: "input/size" }));
    else expect(make()).toBe(64);
  });

  it("refuses what is no image", () => {
    const image = { data: new Uint8Array(5), width: 2, height: 2, channels: 3 } as const;
    expect(() => cropFace(image, face)).toThrow(expect.objectContaining({ code: "input/image" }));
  });
});
