import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const OPS = { add: tf.add, sub: tf.sub, multiply: tf.mul, divide: tf.div } as const;
const positive = (x: tf.Tensor) => tf.add(tf.abs(x), 0.5);

const both = (op: keyof typeof OPS, a: number[], b: number[]): Record<string, KernelCase> => ({
  [`${op} of [${a}] and [${b}]`]: {
    inputs: [a, b],
    compute: (x, y) => OPS[op](x!, op === "divide" ? positive(y!) : y!),
    bound: 2e-7,
    gradientBound: 1e-5,
  },
});

describeKernel("Add, Sub, Multiply, RealDiv", {
  ...both("add", [33, 32], [33, 32]),
  ...both("add", [2, 21, 48], [1, 21, 48]),
  ...both("add", [1, 21, 48], [2, 21, 48]),
  ...both("add", [5, 3, 100], [100]),
  ...both("add", [40, 1000], []),
  ...both("sub", [40, 1000], [40, 1000]),
  ...both("sub", [2, 50, 31], [2, 50, 1]),
  ...both("sub", [], [40, 31]),
  ...both("multiply", [7, 333], [7, 1]),
  ...both("multiply", [1], [7, 333]),
  ...both("multiply", [3, 1, 500], [3, 2, 500]),
  ...both("divide", [33, 40], [33, 1]),
  ...both("divide", [33, 40], [40]),
  ...both("divide", [3, 5], [3, 5]),
});

describeKernel("Relu and Sigmoid", {
  relu: { inputs: [[33, 5]], compute: (x) => tf.relu(x!), bound: 0, gradientBound: 0 },
  sigmoid: { inputs: [[33, 5]], scale: 20, compute: (x) => tf.sigmoid(x!), bound: 5e-7, gradientBound: 5e-7 },
});
