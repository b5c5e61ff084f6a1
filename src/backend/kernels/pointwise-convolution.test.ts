import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

const cases = (activation: "linear" | "relu"): Record<string, KernelCase> => ({
  [`[2, 6, 5, 24] to 37 channels, ${activation}`]: {
    inputs: [[2, 6, 5, 24], [1, 1, 24, 37], [37]],
    compute: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: "same",
        bias: bias!,
        activation,
      }),
    gradientBound: 5e-6,
  },
});

describeKernel("FusedConv2D", {
  ...cases("linear"),
  ...cases("relu"),
  "3 x 3 pixels, which the CPU's kernel computes": {
    inputs: [[1, 6, 5, 4], [3, 3, 4, 7], [7]],
    compute: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: "same",
        bias: bias!,
        activation: "relu",
      }),
  },
});

describeKernel("Conv2D", {
  "single pixels": {
    inputs: [
      [1, 9, 7, 16],
      [1, 1, 16, 8],
    ],
    compute: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "valid"),
    gradientBound: 5e-6,
  },
  "single pixels with a stride, which the CPU's kernel computes": {
    inputs: [
      [1, 9, 7, 16],
      [1, 1, 16, 8],
    ],
    compute: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, "same"),
  },
});
