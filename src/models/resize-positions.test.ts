import { describe, expect, it } from "vitest";
import { resizePositions } from "./resize-positions.js";

/** A class token of -1 and a ramp along the rows. `[1, 1 + rows * columns, 1]` */
const ramp = (rows: number, columns: number) =>
  Float32Array.from({ length: 1 + rows * columns }, (_, token) =>
    token === 0 ? -1 : Math.floor((token - 1) / columns),
  );

describe.each(["bicubic", "bicubic-antialias"] as const)("resizePositions with %s", (filter) => {
  it("keeps the class token", () => {
    expect(resizePositions(ramp(4, 4), { rows: 4, columns: 4 }, { rows: 7, columns: 3 }, filter)[0]).toBe(-1);
  });

  it("gives the same values on the same grid", () => {
    const same = resizePositions(ramp(4, 3), { rows: 4, columns: 3 }, { rows: 4, columns: 3 }, filter);
    expect([...same]).toEqual([...ramp(4, 3)]);
  });

  it("keeps a constant exactly, at any size", () => {
    const ones = new Float32Array(1 + 25).fill(1);
    const resized = resizePositions(ones, { rows: 5, columns: 5 }, { rows: 2, columns: 9 }, filter);
    for (const value of resized) expect(value).toBeCloseTo(1, 6);
  });

  it("does not mix up rows and columns", () => {
    const resized = resizePositions(ramp(6, 2), { rows: 6, columns: 2 }, { rows: 12, columns: 2 }, filter);
    for (let row = 0; row < 12; row++) expect(resized[1 + row * 2]).toBe(resized[2 + row * 2]);
    expect(resized[1 + 11 * 2]).toBeGreaterThan(resized[1]!);
  });
});
