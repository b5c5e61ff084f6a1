import { describe, expect, it } from "vitest";
import { overBudget } from "./budget.js";
import { type Answer, closenessOf, divergenceOf, relativeError } from "./closeness.js";

const answer = (embedding: number[], logits?: number[]): Answer => ({
  embedding: Float32Array.from(embedding),
  ...(logits && { logits: Float32Array.from(logits) }),
});

describe("closenessOf", () => {
  it("of the same answers is perfect", () => {
    const answers = [answer([1, 2], [0, 1]), answer([2, -1], [3, 1])];
    expect(closenessOf(answers, answers, "softmax")).toMatchObject({
      agreement: { of: "labels", share: 1, pictures: 2 },
      error: { mean: 0, most: 0 },
      divergence: { mean: 0, most: 0 },
    });
  });

  it("counts best labels that changed", () => {
    const before = [answer([1, 0], [2, 1, 0]), answer([1, 0], [0, 1, 2])];
    const after = [answer([1, 0], [1, 2, 0]), answer([1, 0], [0, 1, 2])];
    expect(closenessOf(before, after, "softmax").agreement.share).toBe(0.5);
  });

  it("of an encoder counts nearest pictures, where they are clear", () => {
    const before = [answer([1, 0]), answer([1, 0.1]), answer([0, 1]), answer([0.2, 1])];
    const after = [answer([0.7, 0.72]), ...before.slice(1)]; // now nearer to the last; the others' nearest stay
    const { agreement, divergence } = closenessOf(before, after, "softmax");
    expect(agreement).toEqual({ of: "neighbors", share: 0.75, pictures: 4 });
    expect(divergence).toBeUndefined();
    const ties = [answer([1, 0]), answer([1, 0]), answer([1, 0])];
    expect(closenessOf(ties, ties, "softmax").agreement).toEqual({ of: "neighbors", share: 1, pictures: 0 });
  });

  it("takes the least cosine and the largest error", () => {
    const before = [answer([1, 0]), answer([1, 0])];
    const { cosine, error } = closenessOf(before, [answer([1, 0]), answer([1, 1])], "softmax");
    expect(cosine.least).toBeCloseTo(Math.SQRT1_2);
    expect(cosine.mean).toBeCloseTo((1 + Math.SQRT1_2) / 2);
    expect(error).toEqual({ mean: 0.5, most: 1 });
  });
});

describe("divergenceOf", () => {
  it("is Kullback and Leibler's: ln 2 from a certain answer to an even one", () => {
    const certain = Float32Array.of(1000, 0);
    expect(divergenceOf(certain, Float32Array.of(0, 0), "softmax")).toBeCloseTo(Math.LN2);
    expect(divergenceOf(certain, certain, "softmax")).toBe(0);
  });

  it("is finite where an answer became impossible", () => {
    const found = divergenceOf(Float32Array.of(0, 0), Float32Array.of(1e4, -1e4), "softmax");
    expect(Number.isFinite(found)).toBe(true);
    expect(found).toBeGreaterThan(100);
  });

  it("of independent labels is the mean of each one's", () => {
    const [before, after] = [Float32Array.of(1000, 0), Float32Array.of(0, 0)];
    expect(divergenceOf(before, after, "sigmoid")).toBeCloseTo(Math.LN2 / 2);
  });
});

describe("overBudget", () => {
  const found = closenessOf([answer([1, 0], [1, 0])], [answer([1, 1], [0, 1])], "softmax");

  it("names each limit that is not met, with what was found", () => {
    const over = overBudget(found, { agreement: 0.5, cosine: 0.9, meanCosine: 0.5, divergence: 0.1 });
    expect(over).toEqual([
      "agreement 0.0000, wanted at least 0.5",
      expect.stringMatching(/^cosine 0\.70711, wanted at least 0\.9$/),
      expect.stringMatching(/^divergence 0\.46\d+, wanted at most 0\.1$/),
    ]);
    expect(overBudget(found, { cosine: 0.7 })).toEqual([]);
  });

  it("NaN meets no budget", () => {
    const broken = closenessOf([answer([1, 0])], [answer([Number.NaN, 0])], "softmax");
    expect(overBudget(broken, { cosine: 0 })).toHaveLength(1);
  });
});

describe("relativeError", () => {
  it("is 0 between zeros and infinite from zero", () => {
    expect(relativeError([0, 0], [0, 0])).toBe(0);
    expect(relativeError([1, 0], [0, 0])).toBe(Number.POSITIVE_INFINITY);
  });
});
