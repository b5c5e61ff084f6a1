import { expect, it } from "vitest";
import { faceAngle } from "./face-angle.js";

const box = { x: 0, y: 0, width: 100, height: 100 };
const turned = (degrees: number) => {
  const angle = (degrees * Math.PI) / 180;
  const leftEye = { x: 50 + 30 * Math.cos(angle), y: 50 + 30 * Math.sin(angle) };
  return (faceAngle({ box, landmarks: [{ x: 50, y: 50 }, leftEye] }) * 180) / Math.PI;
};

it.each([0, 15, 90, 179, -45, -120])("reads a turn of %d degrees, clockwise, from the eyes", (degrees) => {
  expect(turned(degrees)).toBeCloseTo(degrees, 9);
});

it.each([
  ["no landmarks", []],
  ["one eye", [{ x: 1, y: 2 }]],
  ["both eyes in one place", [{ x: 1, y: 2 }, { x: 1, y: 2 }]], // biome-ignore format: one line
  ["eyes nearer than a twentieth of the box", [{ x: 1, y: 2 }, { x: 1, y: 6 }]], // biome-ignore format: one line
  ["an eye that is no number", [{ x: Number.NaN, y: 2 }, { x: 50, y: 2 }]], // biome-ignore format: one line
])("takes a face with %s as upright", (_, landmarks) => {
  expect(faceAngle({ box, landmarks })).toBe(0);
});
