import { describe, expect, it } from "vitest";
import { checkClassificationOptions, labelsOf } from "./classification.js";

const names = (labels: { label: string }[]) => labels.map(({ label }) => label);
const logitOf = (probability: number) => Math.log(probability / (1 - probability));
const fitted = { threshold: "fitted" } as const;

describe('the threshold "fitted"', () => {
  it("gives each independent label from its own threshold on, best first, and from a half on without one", () => {
    const logits = Float32Array.of(logitOf(0.3), logitOf(0.6), logitOf(0.55), logitOf(0.45));
    const labels = ["cat", "dog", "bird", "fish"];
    expect(names(labelsOf(logits, labels, "sigmoid", fitted, { cat: 0.2, dog: 0.7 }))).toEqual(["bird", "cat"]);
    expect(names(labelsOf(logits, labels, "sigmoid", fitted))).toEqual(["dog", "bird"]);
    expect(
      labelsOf(
        logits.map(() => -5),
        labels,
        "sigmoid",
        fitted,
      ),
    ).toEqual([]);
  });

  it("decides between two that exclude each other by the second's, and takes the best of more", () => {
    const two = Float32Array.of(logitOf(0.7), 0); // 0.7 and 0.3
    expect(names(labelsOf(two, ["no", "yes"], "softmax", fitted, { yes: 0.25 }))).toEqual(["yes"]);
    expect(names(labelsOf(two, ["no", "yes"], "softmax", fitted, { yes: 0.35 }))).toEqual(["no"]);
    expect(names(labelsOf(two, ["no", "yes"], "softmax", fitted))).toEqual(["no"]);
    expect(names(labelsOf(Float32Array.of(1, 3, 2), ["a", "b", "c"], "softmax", fitted))).toEqual(["b"]);
  });

  it("is refused beside scores that it was not fitted on", () => {
    for (const other of [{ temperature: 2 }, { activation: "none" }, { cumulative: "label-order" }] as const)
      expect(() => checkClassificationOptions({ ...fitted, ...other }, ["a", "b"])).toThrow(/fitted temperature/);
    expect(() => checkClassificationOptions({ ...fitted, temperature: "fitted" }, ["a", "b"])).not.toThrow();
  });
});
