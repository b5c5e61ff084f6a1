import { expect, it } from "vitest";
import type { Face } from "./face.js";
import { faceOverlap, mergeFaces } from "./merge-faces.js";

const face = (x: number, score: number): Face => ({
  box: { x, y: 10, width: 40, height: 30 },
  score,
  landmarks: [{ x: x + 10, y: 20 }, { x: x + 30, y: 20 }], // biome-ignore format: one line
});

it("averages the boxes and landmarks of one face by score, and keeps the best score", () => {
  const [merged, other] = mergeFaces([face(0, 0.5), face(500, 0.4), face(6, 1)]);
  expect(merged).toEqual({ ...face(4, 1), box: { x: 4, y: 10, width: 40, height: 30 } });
  expect(other!.box.x).toBe(500);
});

it("says how much of their union two faces share", () => {
  expect(faceOverlap(face(0, 1), face(0, 1))).toBe(1);
  expect(faceOverlap(face(0, 1), face(20, 1))).toBeCloseTo(1 / 3, 12);
  expect(faceOverlap(face(0, 1), face(40, 1))).toBe(0);
});

it("has nothing to merge of nothing", () => {
  expect(mergeFaces([])).toEqual([]);
});
