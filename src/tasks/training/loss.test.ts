import { grad, type Tensor2D, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../../backend/engine.js";
import { lossOf, lossTensor } from "./loss.js";
import { type Targets, totalWeight } from "./targets.js";

const logits = Float32Array.of(0.3, -2, 5, 40, -40, 0.1, 0, 0, 0, -3, 8, 1);
const TARGETS: Targets[] = [
  {
    problem: "single-label",
    classes: 3,
    wanted: Float32Array.of(0.9, 0.05, 0.05, 0, 1, 0, 0, 0, 1, 1, 0, 0),
    weights: Float32Array.of(1, 2, 0.5),
  },
  {
    problem: "multi-label",
    classes: 3,
    wanted: Float32Array.of(1, 0, 1, 0, 1, 0, 0.05, 0.95, 1, 0, 0, 0),
    weights: Float32Array.of(1, 3, 0.5),
  },
];

describe.each(TARGETS.map((targets) => [targets.problem, targets] as const))(
  "the loss of %s targets",
  (problem, targets) => {
    beforeAll(() => useEngine());

    it("has the slope that its differences show, within 1e-6", () => {
      const slope = new Float32Array(logits.length);
      lossOf(logits, targets, slope);
      const step = 1e-4;
      for (const i of logits.keys()) {
        const at = (shift: number) =>
          lossOf(
            Float64Array.from(logits, (value, k) => value + (k === i ? shift : 0)),
            targets,
          );
        expect(Math.abs((at(step) - at(-step)) / (2 * step) - slope[i]!)).toBeLessThan(1e-6);
      }
    });

    it("is the same as tensors, and so is its slope, within 1e-6 of the largest", async () => {
      const slope = new Float32Array(logits.length);
      const loss = lossOf(logits, targets, slope);
      const [x, wanted] = [tensor2d(logits, [4, 3]), tensor2d(targets.wanted, [4, 3])];
      const weights = tensor1d(targets.weights);
      const asTensor = (value: Tensor2D) => lossTensor(problem, value, wanted, weights, totalWeight(targets));
      expect(Math.abs((await asTensor(x).data())[0]! / loss - 1)).toBeLessThan(1e-6);
      const found = await grad(asTensor as never)(x).data();
      for (const [i, value] of found.entries()) expect(Math.abs(value - slope[i]!)).toBeLessThan(1e-6);
    });
  },
);
