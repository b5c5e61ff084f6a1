import { describe, expect, it } from "vitest";
import { overlap, weightedNms } from "./weighted-nms.js";

const detection = (score: number, left: number, top: number, side: number) => ({
  score,
  points: Float64Array.of(left, top, left + side, top + side, ...Array(12).fill(left)),
});

describe("weightedNms", () => {
  it("averages the boxes of one face by score and keeps the best score", () => {
    const [face, ...rest] = weightedNms([detection(0.6, 0.1, 0, 1), detection(0.9, 0, 0, 1)]);
    expect(rest).toEqual([]);
    expect(face!.score).toBe(0.9);
    const left = (0.6 * 0.1) / 1.5;
    for (const [i, value] of [left, 0, left + 1, 1, left].entries()) expect(face!.points[i]).toBeCloseTo(value, 12);
  });

  it("leaves faces apart whose boxes share up to 0.3 of their union, best first", () => {
    const faces = weightedNms([detection(0.7, 0, 0, 1), detection(0.8, 0.6, 0, 1), detection(0.9, 3, 3, 1)]);
    expect(faces.map(({ score }) => score)).toEqual([0.9, 0.8, 0.7]);
  });

  it("measures overlap against the best box only, not along a chain", () => {
    const chain = [detection(0.9, 0, 0, 1), detection(0.8, 0.4, 0, 1), detection(0.7, 0.8, 0, 1)];
    expect(weightedNms(chain).map(({ score }) => score)).toEqual([0.9, 0.7]);
  });

  it("takes equal scores in their order", () => {
    const faces = weightedNms([detection(0.5, 5, 5, 1), detection(0.5, 0, 0, 1)]);
    expect(faces.map(({ points }) => points[0])).toEqual([5, 0]);
  });

  it("gives nothing for nothing, and ends with boxes that have no area", () => {
    expect(weightedNms([])).toEqual([]);
    expect(weightedNms([detection(0.9, 0, 0, 0), detection(0.8, 0, 0, 0)])).toHaveLength(2);
  });
});

describe("overlap", () => {
  it("is shared area over covered area", () => {
    expect(overlap(Float64Array.of(0, 0, 2, 2), Float64Array.of(1, 1, 3, 3))).toBeCloseTo(1 / 7, 15);
  });

  it("is zero for boxes that only touch", () => {
    expect(overlap(Float64Array.of(0, 0, 1, 1), Float64Array.of(1, 0, 2, 1))).toBe(0);
  });
});
