import { describe, expect, it } from "vitest";
import { decodeDetections } from "./decode-detections.js";

const options = { centers: Float64Array.of(0.5, 0.25), size: 128, minScore: 0.5 };
/** 12.8 right and 6.4 down of its center, 32 x 64 pixels, landmarks at the steps of the count. */
const box = Float32Array.of(12.8, 6.4, 32, 64, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
const decode = (logit: number, values = box) =>
  decodeDetections({ classificators: Float32Array.of(logit), regressors: values }, options);

describe("decodeDetections", () => {
  it("reads corners and landmarks as fractions of the input, relative to the cell", () => {
    const [face] = decode(0);
    expect(face!.score).toBe(0.5);
    const expected = [0.475, 0.05, 0.725, 0.55];
    for (let step = 1; step <= 12; step++) expected.push(step / 128 + (step % 2 === 1 ? 0.5 : 0.25));
    for (const [i, value] of expected.entries()) expect(face!.points[i]).toBeCloseTo(value, 7);
  });

  it("keeps a score that equals the least and drops one below", () => {
    expect(decode(0)).toHaveLength(1);
    expect(decode(-1e-3)).toEqual([]);
  });

  it("clips logits, so that the score of 1e4 is a number", () => {
    expect(decode(1e4)[0]!.score).toBe(1);
    expect(decode(-1e4)).toEqual([]);
  });

  it.each([
    { what: "no width", index: 2, value: 0 },
    { what: "a negative height", index: 3, value: -5 },
    { what: "no number", index: 0, value: Number.NaN },
  ])("drops a box with $what", ({ index, value }) => {
    expect(decode(5, box.with(index, value))).toEqual([]);
  });

  it("drops a score that is no number", () => {
    expect(decode(Number.NaN)).toEqual([]);
  });
});
