import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import type { Activation } from "./activation.js";
import { linear } from "./linear.js";

const sizes = (
  rows: number[],
  width: number,
  out: number,
  extras: ("bias" | "residual")[] = [],
  activation?: Activation,
): KernelCase => ({
  inputs: [[...rows, width], [width, out], ...extras.map((name) => (name === "bias" ? [out] : [...rows, out]))],
  compute: (x, kernel, ...rest) =>
    linear(x!, kernel!, { activation, ...Object.fromEntries(extras.map((name, i) => [name, rest[i]])) }),
  gradientBound: 1e-5,
});

describeKernel("linear", {
  "nothing but the product": sizes([2, 5], 32, 85),
  "a bias": sizes([2, 25], 64, 100, ["bias"]),
  "a bias and a residual": sizes([2, 25], 64, 100, ["bias", "residual"]),
  "a residual alone": sizes([31], 33, 47, ["residual"]),
  "a bias and GELU": sizes([2, 25], 32, 85, ["bias"], "gelu"),
  "a bias and ReLU": sizes([2, 25], 32, 31, ["bias"], "relu"),
  "a bias and the GELU by tanh": sizes([3, 7], 32, 31, ["bias"], "gelu-tanh"),
  "bias, GELU and residual": sizes([1, 197], 48, 96, ["bias", "residual"], "gelu"),
  "a width above the longest chain": sizes([7], 700, 31, ["bias", "residual"]),
  "one row": sizes([1], 384, 1000, ["bias"]),
});
