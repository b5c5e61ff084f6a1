import * as tf from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../kernel.testing.js";

type Four = [number, number, number, number];

const conv = (x: Four, filter: Four, strides: 1 | 2, pad: "same" | "valid" | number): Record<string, KernelCase> => ({
  [`[${x}] by [${filter}], stride ${strides}, ${pad}`]: {
    inputs: [x, filter],
    compute: (a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
    gradientBound: 1e-5,
  },
});

describeKernel("Conv2D", {
  ...conv([1, 8, 8, 24], [1, 1, 24, 28], 1, "same"),
  ...conv([2, 9, 7, 3], [5, 5, 3, 24], 2, "same"),
  ...conv([2, 9, 7, 3], [3, 3, 3, 7], 2, "valid"),
  ...conv([1, 8, 8, 5], [3, 3, 5, 33], 1, 1),
  ...conv([1, 7, 7, 6], [1, 1, 6, 5], 2, "same"),
  ...conv([2, 37, 66, 3], [5, 5, 3, 8], 1, "same"),
  ...conv([1, 9, 8, 3], [2, 3, 3, 8], 1, "same"),
  ...conv([2, 3, 3, 32], [3, 3, 32, 9], 1, "valid"),
  "more windows than are laid out at once": {
    inputs: [
      [1, 20, 20, 40],
      [7, 7, 40, 40],
    ],
    compute: (a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, "same"),
  },
});

describeKernel("FusedConv2D", {
  "bias and relu": {
    inputs: [[2, 8, 9, 3], [3, 3, 3, 13], [13]],
    compute: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias: bias!,
        strides: 2,
        pad: "same",
        activation: "relu",
      }),
    gradientBound: 1e-5,
  },
});

const depthwise = (x: Four, side: number, strides: 1 | 2, pad: "same" | "valid"): Record<string, KernelCase> => ({
  [`[${x}], ${side} x ${side}, stride ${strides}, ${pad}`]: {
    inputs: [x, [side, side, x[3], 1]],
    compute: (a, b) => tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
    gradientBound: 1e-5,
  },
});

describeKernel("DepthwiseConv2dNative", {
  ...depthwise([1, 8, 8, 24], 3, 1, "same"),
  ...depthwise([2, 8, 9, 31], 3, 2, "same"),
  ...depthwise([2, 7, 9, 33], 5, 1, "same"),
  ...depthwise([1, 10, 9, 8], 5, 2, "valid"),
  "bias and relu": {
    inputs: [[1, 8, 8, 13], [3, 3, 13, 1], [13]],
    compute: (x, filter, bias) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias: bias!,
        strides: 1,
        pad: "same",
        activation: "relu",
      }),
  },
});

const pool = (x: Four, side: number, strides: 1 | 2, pad: "same" | "valid"): Record<string, KernelCase> => ({
  [`[${x}], ${side} x ${side}, stride ${strides}, ${pad}`]: {
    inputs: [x],
    compute: (a) => tf.maxPool(a as tf.Tensor4D, side, strides, pad),
    bound: 0,
  },
});

describeKernel("MaxPool", {
  ...pool([1, 8, 8, 24], 2, 2, "same"),
  ...pool([2, 9, 7, 31], 2, 2, "same"),
  ...pool([2, 9, 7, 9], 3, 1, "same"),
  ...pool([1, 9, 7, 3], 3, 2, "valid"),
});

describeKernel("Concat", {
  "channels of zeros": {
    inputs: [
      [2, 3, 4, 24],
      [2, 3, 4, 5],
    ],
    compute: (x, y) => tf.concat([x!, y!], 3),
    bound: 0,
    gradientBound: 0,
  },
  "along the first axis": {
    inputs: [
      [2, 3],
      [1, 3],
      [4, 3],
    ],
    compute: (...xs) => tf.concat(xs, 0),
    bound: 0,
  },
});
