import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const slice = (shape: number[], begin: number[], size: number[]): Record<string, KernelCase> => ({
  [`[${shape}] from [${begin}], [${size}]`]: {
    inputs: [shape],
    compute: (x) => tf.slice(x!, begin, size),
    bound: 0,
    gradientBound: 0,
  },
});

describeKernel("Slice, and PadV2 by its gradient", {
  ...slice([7], [2], [3]),
  ...slice([7], [0], [-1]),
  ...slice([5, 33], [1, 0], [3, 33]),
  ...slice([5, 33], [1, 7], [3, 5]),
  ...slice([2, 5, 48], [0, 0, 0], [-1, 1, -1]),
  ...slice([2, 5, 48], [0, 1, 0], [-1, -1, -1]),
  ...slice([2, 3, 4, 5], [1, 1, 1, 1], [1, 2, 2, 3]),
  ...slice([3, 1, 5], [0, 0, 2], [3, 1, 2]),
});

describeKernel("PadV2", {
  "a border of twos": {
    inputs: [[2, 5, 4, 3]],
    compute: (x) =>
      tf.pad(
        x!,
        [
          [0, 0],
          [1, 2],
          [2, 0],
          [0, 1],
        ],
        2,
      ),
    bound: 0,
    gradientBound: 0,
  },
});

describeKernel("SplitV", {
  "three parts of the middle axis": {
    inputs: [[2, 6, 5]],
    compute: (x) => tf.concat(tf.split(x!, [1, 3, 2], 1).reverse(), 1),
    bound: 0,
    gradientBound: 0,
  },
  "halves of the last axis": {
    inputs: [[3, 4]],
    compute: (x) => tf.add(...(tf.split(x!, 2, -1) as [tf.Tensor, tf.Tensor])),
    bound: 0,
    gradientBound: 0,
  },
});
