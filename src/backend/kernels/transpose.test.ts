import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { describeKernel, type KernelCase } from "../kernel.testing.js";
import { simplify } from "./transpose.js";

const transpose = (shape: number[], permutation: number[]): Record<string, KernelCase> => ({
  [`[${shape}] by [${permutation}]`]: {
    inputs: [shape],
    compute: (x) => tf.transpose(x!, permutation),
    bound: 0,
    gradientBound: 0,
  },
});

describeKernel("Transpose", {
  ...transpose([1, 1], [1, 0]),
  ...transpose([31, 33], [1, 0]),
  ...transpose([200, 130], [1, 0]),
  ...transpose([4, 3], [0, 1]),
  ...transpose([2, 5, 3, 16], [0, 2, 1, 3]),
  ...transpose([2, 5, 3, 7], [0, 2, 3, 1]),
  ...transpose([3, 7, 5], [2, 1, 0]),
  ...transpose([2, 3, 4, 5, 6], [4, 2, 0, 3, 1]),
  ...transpose([2, 3, 1, 5, 1, 6], [5, 2, 3, 1, 0, 4]),
});

describe("simplify", () => {
  it("joins axes that stay together and leaves out those of one", () => {
    expect(simplify([2, 3, 4, 5], [2, 3, 0, 1])).toEqual({ shape: [6, 20], permutation: [1, 0] });
    expect(simplify([2, 1, 4, 5], [2, 1, 3, 0])).toEqual({ shape: [2, 20], permutation: [1, 0] });
    expect(simplify([2, 3], [0, 1])).toEqual({ shape: [6], permutation: [0] });
    expect(simplify([1, 1], [1, 0])).toEqual({ shape: [], permutation: [] });
  });
});
