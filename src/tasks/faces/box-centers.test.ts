import { expect, it } from "vitest";
import { boxCenters } from "./box-centers.js";
import { FACE_MODELS } from "./face-models.js";

it("goes through the cells row by row, with all boxes of a cell together", () => {
  const centers = boxCenters(4, [{ stride: 2, boxesPerCell: 2 }]);
  expect([...centers]).toEqual([
    0.25, 0.25, 0.25, 0.25, 0.75, 0.25, 0.75, 0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.75, 0.75, 0.75,
  ]);
});

it("puts one grid after the other", () => {
  const { size, grids } = FACE_MODELS.short;
  const centers = boxCenters(size, grids);
  expect(centers.length / 2).toBe(896);
  expect(centers[0]).toBe(0.5 / 16);
  expect([...centers.subarray(2 * 512, 2 * 512 + 2)]).toEqual([0.5 / 8, 0.5 / 8]);
  expect([...centers.subarray(-2)]).toEqual([7.5 / 8, 7.5 / 8]);
});

it("has one box a cell in the full range model", () => {
  const { size, grids } = FACE_MODELS.full;
  expect(boxCenters(size, grids).length / 2).toBe(48 * 48);
});
