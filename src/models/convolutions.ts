import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { SeparableConvolution, type SeparableConvolutionConfig } from "../nn/separable-convolution.js";
import { ZeroBorder } from "../nn/zero-border.js";
import type { Padding } from "../ops/separable-convolution.js";

export interface ConvolutionOptions {
  /** Side of the kernel, pixels. Default: 1 for `convolution`, 3 for `depthwise`. */
  kernel?: number;
  /** Default 1. */
  stride?: 1 | 2;
  /** Default `"same"`. */
  padding?: Padding;
  activation?: "relu";
}

/** A convolution with bias. `[batch, height, width, in]` → `[batch, height / stride, width / stride, channels]` */
export function convolution(
  x: SymbolicTensor,
  name: string,
  { channels, kernel = 1, stride = 1, padding, activation }: ConvolutionOptions & { channels: number },
): SymbolicTensor {
  const border = borderFor(padding, kernel, stride);
  const shape = { filters: channels, kernelSize: kernel, strides: stride, padding: border.kind };
  const layer = layers.conv2d({ name, ...shape, activation, kernelInitializer: "zeros" });
  return layer.apply(border.add(x)) as SymbolicTensor;
}

/** A convolution of each channel by itself, with bias. `[batch, height, width, channels]` → `[batch, height / stride, width / stride, channels]` */
export function depthwise(
  x: SymbolicTensor,
  name: string,
  { kernel = 3, stride = 1, padding, activation }: ConvolutionOptions = {},
): SymbolicTensor {
  const border = borderFor(padding, kernel, stride);
  const shape = { kernelSize: kernel, strides: stride, padding: border.kind };
  const layer = layers.depthwiseConv2d({ name, ...shape, activation, depthwiseInitializer: "zeros" });
  return layer.apply(border.add(x)) as SymbolicTensor;
}

/**
 * A depthwise and a pointwise convolution, plus the shortcut if there is one, which may be `x`. `[batch, height, width, in]` →
 * `[batch, height / stride, width / stride, channels]`
 */
export function separable(
  x: SymbolicTensor,
  name: string,
  {
    shortcut,
    ...config
  }: Omit<SeparableConvolutionConfig, "name" | "shortcut"> & { shortcut?: SymbolicTensor | undefined },
): SymbolicTensor {
  const layer = (kind: "input" | "second" | "none") => new SeparableConvolution({ name, shortcut: kind, ...config });
  if (!shortcut) return layer("none").apply(x) as SymbolicTensor;
  // TF.js counts a tensor that a layer is given twice as used up one use too early.
  return (shortcut === x ? layer("input").apply(x) : layer("second").apply([x, shortcut])) as SymbolicTensor;
}

/** TF.js knows "same" only: an even border that differs from it is added by a layer of its own. */
function borderFor(padding: Padding = "same", kernel: number, stride: number) {
  if (padding === "same" || stride === 1) return { kind: "same", add: (x: SymbolicTensor) => x } as const;
  const zeros = new ZeroBorder({ border: Math.floor(kernel / 2) });
  return { kind: "valid", add: (x: SymbolicTensor) => zeros.apply(x) as SymbolicTensor } as const;
}

export function add(x: SymbolicTensor, y: SymbolicTensor): SymbolicTensor {
  return layers.add().apply([x, y]) as SymbolicTensor;
}
