import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { DepthToSpaceConfig } from "../../nn/depth-to-space.js";
import type { SeparableConvolutionConfig } from "../../nn/separable-convolution.js";
import type { ZeroBorderConfig } from "../../nn/zero-border.js";
import { SEPARABLE_SIDE, windowsAlong } from "../../ops/separable-convolution.js";
import { stockActivation } from "./stock-activations.js";
import type { StockSource, StockStep } from "./stock-step.js";

type Pair = [number, number];

/** A layer that is TF.js's own already, with the checkpoint's weights. Feature map → feature map */
export const convolution =
  (kind: "dense" | "depthwise") =>
  (step: StockStep, { name: _, ...config }: Record<string, unknown> & { kernelSize: number[] }): SymbolicTensor => {
    const units = step.shape[2]!;
    const inner = kind === "dense" ? step.inputShape[2]! : 1;
    const layout = kind === "dense" ? "convolution" : "depthwise";
    const make = kind === "dense" ? layers.conv2d : layers.depthwiseConv2d;
    return step.named(make(config as never), step.input, [
      step.weight(".weight", [units, inner, ...config.kernelSize], layout),
      step.weight(".bias", [units]),
    ]);
  };

export function separableConvolution(
  step: StockStep,
  { stride = 1, padding = "same", shortcut = "none", activation }: SeparableConvolutionConfig,
): SymbolicTensor {
  const channels = step.inputShape[2]!;
  const units = step.shape[2]!;
  const side: Pair = [SEPARABLE_SIDE, SEPARABLE_SIDE];
  const zeros = step.inputShape.slice(0, 2).map((length): Pair => {
    const { count, before } = windowsAlong(length, { stride, padding });
    return [before, Math.max((count - 1) * stride + SEPARABLE_SIDE - length - before, 0)];
  }) as [Pair, Pair];
  const part = (name: string, shape: number[], layout: "depthwise" | "convolution"): StockSource[] => [
    step.weight(`.${name}.weight`, shape, layout),
    step.weight(`.${name}.bias`, [shape[0]!]),
  ];
  const filtered = step.named(
    layers.depthwiseConv2d({
      kernelSize: side,
      strides: [stride, stride],
      padding: "valid",
      depthwiseInitializer: "zeros",
    }),
    step.plain(layers.zeroPadding2d({ padding: zeros }), step.input),
    part("depthwise", [channels, 1, ...side], "depthwise"),
    ".depthwise",
  );
  const mixed = step.named(
    layers.conv2d({ filters: units, kernelSize: 1, kernelInitializer: "zeros" }),
    filtered,
    part("pointwise", [units, channels, 1, 1], "convolution"),
    ".pointwise",
  );
  const other = shortcut === "second" ? step.inputs[1]! : step.input;
  const sum = shortcut === "none" ? mixed : step.plain(layers.add(), [mixed, fitted(step, other)]);
  return stockActivation(step, sum, activation);
}

/** A shortcut in the output's size: the largest of each 2 x 2 pixels where it is larger, channels of zeros where it has fewer. */
function fitted(step: StockStep, x: SymbolicTensor): SymbolicTensor {
  const isLarger = x.shape[1]! > step.shape[0]!;
  const map = isLarger ? step.plain(layers.maxPooling2d({ poolSize: 2, strides: 2 }), x) : x;
  return moreChannels(step, map, step.shape[2]!);
}

/** Zeros behind the channels, which are brought into the place of columns for that. */
function moreChannels(step: StockStep, x: SymbolicTensor, channels: number): SymbolicTensor {
  const [height, width, given] = x.shape.slice(1) as [number, number, number];
  if (channels === given) return x;
  const padding: [Pair, Pair] = [
    [0, 0],
    [0, channels - given],
  ];
  const columns = step.reshape(x, height * width, given, 1);
  return step.reshape(step.plain(layers.zeroPadding2d({ padding }), columns), height, width, channels);
}

export function zeroPadChannels(step: StockStep): SymbolicTensor {
  return moreChannels(step, step.input, step.shape[2]!);
}

export function zeroBorder(step: StockStep, { border }: ZeroBorderConfig): SymbolicTensor {
  return step.plain(layers.zeroPadding2d({ padding: border }), step.input);
}

/** A block's pixels, which stand before the channels of one pixel. */
export function depthToSpace(step: StockStep, { block }: DepthToSpaceConfig): SymbolicTensor {
  const [height, width, channels] = step.inputShape as [number, number, number];
  const split = step.reshape(step.input, height, width, block, block * (channels / block ** 2));
  return step.reshape(step.plain(layers.permute({ dims: [1, 3, 2, 4] }), split), ...step.shape);
}

/**
 * Upsampling by half pixels, along rows and then columns, as products with matrices that say how much of which pixel each new one has. TF.js's own
 * layer counts from the corners.
 */
export function bilinearUpsampling(step: StockStep): SymbolicTensor {
  const [height, width] = step.shape as [number, number, number];
  const channelsFirst = step.plain(layers.permute({ dims: [3, 1, 2] }), step.input);
  const wide = stretched(step, channelsFirst, width);
  const high = stretched(step, step.plain(layers.permute({ dims: [1, 3, 2] }), wide), height);
  return step.plain(layers.permute({ dims: [3, 2, 1] }), high);
}

/** `[batch, ..., given]` → `[batch, ..., wanted]` */
function stretched(step: StockStep, x: SymbolicTensor, wanted: number): SymbolicTensor {
  const given = x.shape.at(-1)!;
  const values = new Float32Array(given * wanted);
  for (let i = 0; i < wanted; i++) {
    const place = Math.min(Math.max(((i + 0.5) * given) / wanted - 0.5, 0), given - 1);
    const [first, share] = [Math.floor(place), place % 1];
    values[first * wanted + i]! += 1 - share;
    values[Math.min(first + 1, given - 1) * wanted + i]! += share;
  }
  return step.model.apply(layers.dense({ units: wanted, useBias: false, kernelInitializer: "zeros" }), x, [{ values }]);
}

export function reshape(step: StockStep): SymbolicTensor {
  return step.reshape(step.input, ...step.shape);
}
