import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const softmax = (scale: number, ...shape: number[]): Record<string, KernelCase> => ({
  [`[${shape}], values up to ${scale}`]: {
    inputs: [shape],
    scale,
    compute: (x) => tf.softmax(x!),
    bound: 1e-5,
    gradientBound: 1e-5,
  },
});

describeKernel("Softmax", {
  ...softmax(1, 2, 3, 1),
  ...softmax(1, 19),
  ...softmax(5, 4, 31),
  ...softmax(5, 4, 32),
  ...softmax(80, 4, 33),
  ...softmax(5, 2, 100, 257),
});
