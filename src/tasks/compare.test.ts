import { describe, expect, it } from "vitest";
import { BAR, compareTensor, firstDivergence, inOrderOfComputation, tensorError } from "./compare.js";

const own = { relativeL2: 1e-7, maxAbs: 1e-6 };

describe("tensorError", () => {
  it("is the length of the difference over the length of the reference, and its largest element", () => {
    expect(tensorError([3, 5], [3, 4])).toEqual({ relativeL2: 1 / 5, maxAbs: 1 });
  });

  it.each([
    ["NaN", [Number.NaN, 1], [1, 1]],
    ["another length", [1], [1, 1]],
    ["infinity", [Number.POSITIVE_INFINITY, 1], [1, 1]],
  ])("lets %s pass no bar", (_, found, wanted) => {
    expect(compareTensor("logits", found, wanted, own).passes).toBe(false);
  });
});

describe("compareTensor", () => {
  it("passes up to the bar and not beyond", () => {
    const at = (times: number) =>
      compareTensor("logits", [1 + times * own.relativeL2], [1], { ...own, maxAbs: 1 }).passes;
    expect(at(BAR.relativeL2 * 0.99)).toBe(true);
    expect(at(BAR.relativeL2 * 1.01)).toBe(false);
  });

  it("bounds the largest difference too", () => {
    const wanted = new Float64Array(1000).fill(1);
    const found = wanted.slice();
    found[7] = 1 + 3.1e-6;
    expect(compareTensor("logits", found, wanted, { relativeL2: 1, maxAbs: 1e-6 }).passes).toBe(false);
  });
});

describe("firstDivergence", () => {
  it("names the first tensor beyond the bar in the order of the forward pass", () => {
    const names = inOrderOfComputation(["logits", "hidden.10", "attention.2", "hidden.2", "hidden.3", "tokens"]);
    expect(names).toEqual(["hidden.2", "attention.2", "hidden.3", "hidden.10", "tokens", "logits"]);
    const comparisons = names.map((name) => compareTensor(name, [name === "hidden.2" ? 1 : 2], [1], own));
    expect(firstDivergence(comparisons)).toContain('"attention.2" is the first of 6 tensors');
    expect(firstDivergence(comparisons.slice(0, 1))).toBeUndefined();
  });
});
