import { describe, expect, it } from "vitest";
import { random } from "../random.js";
import { fitVectors, type LabelledVector } from "./fit-vectors.js";

const draw = random(1);
/** Two crowds around (2, 0) and (0, 2). */
const examples: LabelledVector[] = Array.from({ length: 80 }, (_, i) => ({
  vector: Float32Array.of(draw() + (i % 2) * 2, draw() + (1 - (i % 2)) * 2, draw()),
  label: i % 2 ? "right" : "up",
}));

describe("fitVectors", () => {
  it("tells crowds apart, and has their labels in the order of its logits", async () => {
    const head = await fitVectors(examples);
    expect(head.labels).toEqual(["right", "up"]);
    expect(head.validation).toMatchObject({ accuracy: 1, examples: 16 });
    const [right, up] = head.logits([Float32Array.of(3, 0, 0)]);
    expect(right).toBeGreaterThan(up!);
  });

  it("gives a threshold for the second of two labels, chosen where F1 is best", async () => {
    const noisy = examples.map((example, i) => (i % 5 ? example : { ...example, label: "up" }));
    const { thresholds, validation } = await fitVectors(noisy, { classWeights: "balanced" });
    expect(Object.keys(thresholds!)).toEqual(["up"]);
    expect(validation!.curves[0]!.chosen!.f1).toBeGreaterThan(0.7);
  });

  it("never passes a mistake on: typed errors", async () => {
    const cases: [unknown, string][] = [
      [[], "training/no-examples"],
      ["photos/", "training/no-examples"],
      [[{ label: "a" }], "training/vector"],
      [[null], "training/vector"],
      [[...examples, { vector: Float32Array.of(1, 2, 3), label: {} }], "training/labels"],
      [[...examples, { vector: Float32Array.of(1, 2), label: "up" }], "training/vector"],
      [[...examples, { vector: Float32Array.of(1, 2, Number.NaN), label: "up" }], "training/vector"],
      [[...examples, { vector: [1, 2, 3], label: "up" }], "training/vector"],
      [[...examples, { vector: Float32Array.of(1, 2, 3) }], "training/labels"],
      [examples.filter(({ label }) => label === "up"), "training/one-label"],
    ];
    for (const [list, code] of cases)
      await expect(fitVectors(list as LabelledVector[])).rejects.toMatchObject({ code });
    await expect(fitVectors(examples, { unfreeze: 1 } as never)).rejects.toMatchObject({ code: "input/option" });
  });

  it("survives features that never change and features that are enormous", async () => {
    const odd = examples.map(({ vector, label }) => ({
      vector: Float32Array.of(7, vector[0]! * 1e20, vector[1]! * 1e-20),
      label: label!,
    }));
    expect((await fitVectors(odd)).validation!.accuracy).toBe(1);
    expect((await fitVectors(odd, { hidden: 4, learningRate: 0.05 })).validation!.accuracy).toBe(1);
  });
});
