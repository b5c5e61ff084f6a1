import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const reduce = (shape: number[], axis: number | number[], keepDims = false): Record<string, KernelCase> => ({
  [`[${shape}] along ${axis}${keepDims ? ", axes kept" : ""}`]: {
    inputs: [shape],
    // The mean of what has no mean near zero, so that rounding shows at its right size.
    compute: (x) => tf.add(tf.sum(tf.add(x!, 1), axis, keepDims), tf.mean(x!, axis, keepDims)),
    bound: 2e-6,
    gradientBound: 1e-6,
  },
});

describeKernel("Sum and Mean", {
  ...reduce([1], 0),
  ...reduce([33], 0),
  ...reduce([5, 31], -1),
  ...reduce([5, 31], 0),
  ...reduce([2, 7, 33], -1, true),
  ...reduce([2, 7, 33], [0, 1]),
  ...reduce([2, 7, 33], [1, 2], true),
  ...reduce([2, 7, 33], 1),
  ...reduce([3, 300, 65], 1),
  ...reduce([2, 3, 5, 31], [1, 2], true),
  ...reduce([100, 3, 5], 1),
  ...reduce([700, 65], 0),
  ...reduce([3, 70000], 0),
  ...reduce([3, 1000], [0, 1]),
});
