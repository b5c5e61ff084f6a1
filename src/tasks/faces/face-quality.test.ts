import { describe, expect, it } from "vitest";
import { blankImage } from "../../images/image.js";
import { noise } from "../../images/noise.testing.js";
import { resizeImage } from "../../images/resize-image.js";
import type { Face } from "./face.js";
import { faceQuality } from "./face-quality.js";
import { sharpnessOf } from "./sharpness.js";

/** A level face of 100 x 100 pixels at (100, 100), seen from the front; then moved and turned. */
function face({ nose = { x: 0, y: 0 }, degrees = 0, left = 100 } = {}): Face {
  const points = [
    [-20, -15],
    [20, -15],
    [nose.x, 6.2 + nose.y],
    [0, 25],
    [-48, -5],
    [48, -5],
  ];
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return {
    box: { x: left, y: 100, width: 100, height: 100 },
    score: 0.9,
    landmarks: points.map(([x, y]) => ({
      x: left + 50 + x! * cos - y! * sin,
      y: 150 + x! * sin + y! * cos,
    })),
  };
}
const picture = { width: 400, height: 300 };
const crop = blankImage(100, 100);

describe("faceQuality", () => {
  it("finds a frontal face level, whole and as large as its box", () => {
    const { yaw, pitch, roll, size, visible } = faceQuality(face(), picture, crop);
    for (const angle of [yaw, pitch, roll]) expect(angle).toBeCloseTo(0, 6);
    expect([size, visible]).toEqual([100, 1]);
  });

  it("has the signs of its angles: right in the picture, up, clockwise; and a tilt changes no other angle", () => {
    expect(faceQuality(face({ nose: { x: 15, y: 0 } }), picture, crop).yaw).toBeGreaterThan(5);
    expect(faceQuality(face({ nose: { x: 0, y: -5 } }), picture, crop).pitch).toBeGreaterThan(5);
    const level = faceQuality(face({ nose: { x: 15, y: -5 } }), picture, crop);
    const tilted = faceQuality(face({ nose: { x: 15, y: -5 }, degrees: 30 }), picture, crop);
    expect(tilted.roll - level.roll).toBeCloseTo(30, 6);
    expect(tilted.yaw).toBeCloseTo(level.yaw, 6);
    expect(tilted.pitch).toBeCloseTo(level.pitch, 6);
  });

  it("says how much of the box lies in the picture", () => {
    expect(faceQuality(face({ left: -25 }), picture, crop).visible).toBeCloseTo(0.75, 12);
    expect(faceQuality(face({ left: 1000 }), picture, crop).visible).toBe(0);
  });

  it("gives numbers for landmarks that all lie in one place", () => {
    const flat = { ...face(), landmarks: Array.from({ length: 6 }, () => ({ x: 5, y: 5 })) };
    for (const value of Object.values(faceQuality(flat, picture, crop))) expect(value).toSatisfy(Number.isFinite);
  });
});

describe("sharpnessOf", () => {
  it("falls with every blur, whatever the contrast", () => {
    const sharp = noise(64, 64);
    const blurred = (side: number) =>
      resizeImage(resizeImage(sharp, { width: side, height: side, filter: "bilinear" }), {
        width: 64,
        height: 64,
        filter: "bilinear",
      });
    const values = [sharp, blurred(32), blurred(16), blurred(8)].map(sharpnessOf);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(values[3]).toBeLessThan(values[0]! / 10);
    const faint = { ...sharp, data: sharp.data.map((value) => 100 + (value >> 2)) };
    expect(sharpnessOf(faint) / sharpnessOf(sharp)).toBeCloseTo(1, 1);
  });

  it.each([
    [1, 1],
    [2, 50],
    [64, 64],
  ])("is 0 for a flat image of %i x %i", (width, height) => {
    expect(sharpnessOf(blankImage(width, height))).toBe(0);
  });
});
