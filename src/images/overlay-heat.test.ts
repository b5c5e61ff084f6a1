import { describe, expect, it } from "vitest";
import { overlayHeat } from "./overlay-heat.js";
import { seenRegion } from "./prepare.js";

describe("overlayHeat", () => {
  const gray = { data: new Uint8Array(6 * 4 * 3).fill(100), width: 6, height: 4, channels: 3 as const };

  it("is lightest over the highest number and darkest over the lowest and outside the region", () => {
    const region = { x: 2, y: 0, width: 4, height: 4 };
    const { data } = overlayHeat(gray, { data: [0, 1], width: 2, height: 1 }, region);
    const light = (x: number) => data[x * 3]! + data[x * 3 + 1]! + data[x * 3 + 2]!;
    expect([0, 1, 2, 3, 4, 5].map(light)).toEqual([...[0, 1, 2, 3, 4, 5].map(light)].sort((a, b) => a - b));
    expect(light(0)).toBe(light(2));
    expect(light(5)).toBe(3 * 40 + Math.round(0.6 * 252) + Math.round(0.6 * 255) + Math.round(0.6 * 164));
    expect(gray.data[0]).toBe(100);
  });

  it("takes a map of equal numbers, and refuses one with too few or NaN", () => {
    expect(overlayHeat(gray, { data: [3], width: 1, height: 1 }).data).toHaveLength(72);
    for (const data of [[], [1], [1, Number.NaN]])
      expect(() => overlayHeat(gray, { data, width: 2, height: 1 })).toThrow(
        expect.objectContaining({ code: "input/heat" }),
      );
  });
});

describe("seenRegion", () => {
  it("is the whole picture after a resize to a size, and its middle after a crop", () => {
    expect(seenRegion({ width: 300, height: 100 }, { resize: { width: 50, height: 50, filter: "bilinear" } })).toEqual({
      x: 0,
      y: 0,
      width: 300,
      height: 100,
    });
    const plan = {
      resize: { shortestEdge: 50, filter: "bicubic" },
      centerCrop: { width: 40, height: 40, rounding: "down" },
    } as const;
    expect(seenRegion({ width: 300, height: 100 }, plan)).toEqual({ x: 110, y: 10, width: 80, height: 80 });
  });
});
