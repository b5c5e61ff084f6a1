import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const product = (rows: number, k: number, columns: number): Record<string, KernelCase> => ({
  [`[${rows}, ${k}] by [${k}, ${columns}]`]: {
    inputs: [
      [rows, k],
      [k, columns],
    ],
    compute: (a, b) => tf.matMul(a!, b!),
    gradientBound: 5e-6,
  },
});

describeKernel("BatchMatMul", {
  ...product(1, 1, 1),
  ...product(1, 7, 5),
  ...product(2, 31, 33),
  ...product(31, 32, 47),
  ...product(33, 257, 13),
  ...product(50, 600, 96),
  ...product(197, 192, 200),
  "both sides transposed": {
    inputs: [
      [50, 37],
      [41, 50],
    ],
    compute: (a, b) => tf.matMul(a!, b!, true, true),
  },
  "a batch of both": {
    inputs: [
      [3, 4, 20, 17],
      [3, 4, 17, 33],
    ],
    compute: (a, b) => tf.matMul(a!, b!),
    gradientBound: 5e-6,
  },
  "a batch by one right side": {
    inputs: [
      [3, 20, 17],
      [1, 17, 33],
    ],
    compute: (a, b) => tf.matMul(a!, b!),
  },
  "one left side by a batch": {
    inputs: [
      [1, 20, 17],
      [3, 17, 33],
    ],
    compute: (a, b) => tf.matMul(a!, b!),
  },
});

const withActivation = (activation: "linear" | "relu" | "elu" | "sigmoid"): Record<string, KernelCase> => ({
  [`with bias and ${activation}`]: {
    inputs: [[9, 40], [40, 30], [30]],
    compute: (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation }),
    ...(activation === "sigmoid" ? {} : { gradientBound: 5e-6 }),
  },
});

describeKernel("_FusedMatMul", {
  ...withActivation("linear"),
  ...withActivation("relu"),
  ...withActivation("elu"),
  ...withActivation("sigmoid"),
});
