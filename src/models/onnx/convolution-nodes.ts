import type { BilinearUpsamplingConfig } from "../../nn/bilinear-upsampling.js";
import type { DepthToSpaceConfig } from "../../nn/depth-to-space.js";
import type { SeparableConvolutionConfig } from "../../nn/separable-convolution.js";
import type { ZeroBorderConfig } from "../../nn/zero-border.js";
import { SEPARABLE_SIDE, windowsAlong } from "../../ops/separable-convolution.js";
import { activationNode } from "./activation-nodes.js";
import type { LayerStep } from "./layer-step.js";

/** What is read of TF.js's convolutions' configs. */
interface TfjsConvolutionConfig {
  kernelSize: readonly number[];
  strides: readonly number[];
  padding: string;
  activation: string;
}

/** Zeros before and after the pixels of an axis. */
type Zeros = [before: number, after: number];

/** ONNX's order: what comes before on every axis, then what comes after. */
const pads = (zeros: readonly Zeros[]) => [...zeros.map(([before]) => before), ...zeros.map(([, after]) => after)];

/** TensorFlow's rule: as few as the output size needs, an odd one at the end. */
function sameZeros(length: number, kernel: number, stride: number): Zeros {
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + kernel - length, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Conv2D of TF.js, and DepthwiseConv2D. Feature map → feature map */
export const convolution =
  (kind: "dense" | "depthwise") =>
  (step: LayerStep, { kernelSize, strides, padding, activation }: TfjsConvolutionConfig): string => {
    const channels = step.input.shape[2]!;
    const units = step.shape[2]!;
    const inner = kind === "dense" ? channels : 1;
    const zeros = kernelSize.map(
      (kernel, axis): Zeros =>
        padding === "same" ? sameZeros(step.input.shape[axis]!, kernel, strides[axis]!) : [0, 0],
    );
    const weights = [step.weight(".weight", [units, inner, ...kernelSize]), step.weight(".bias", [units])];
    const map = step.node("Conv", [step.input.name, ...weights], {
      kernel_shape: kernelSize,
      strides,
      pads: pads(zeros),
      group: kind === "dense" ? 1 : channels,
    });
    return activationNode(step, map, activation === "relu" ? "relu" : undefined);
  };

export function separableConvolution(
  step: LayerStep,
  { stride = 1, padding = "same", shortcut = "none", activation }: SeparableConvolutionConfig,
): string {
  const [height, width, channels] = step.input.shape as [number, number, number];
  const units = step.shape[2]!;
  const zeros = [height, width].map((length): Zeros => {
    const { count, before } = windowsAlong(length, { stride, padding });
    return [before, Math.max((count - 1) * stride + SEPARABLE_SIDE - length - before, 0)];
  });
  const side = [SEPARABLE_SIDE, SEPARABLE_SIDE];
  const depthwise = [
    step.weight(".depthwise.weight", [channels, 1, ...side]),
    step.weight(".depthwise.bias", [channels]),
  ];
  const filtered = step.node("Conv", [step.input.name, ...depthwise], {
    kernel_shape: side,
    strides: [stride, stride],
    pads: pads(zeros),
    group: channels,
  });
  const pointwise = [
    step.weight(".pointwise.weight", [units, channels, 1, 1]),
    step.weight(".pointwise.bias", [units]),
  ];
  const mixed = step.node("Conv", [filtered, ...pointwise], { kernel_shape: [1, 1] });
  const other = shortcut === "second" ? step.inputs[1]! : step.input;
  const sum = shortcut === "none" ? mixed : step.node("Add", [mixed, fitted(step, other)]);
  return activationNode(step, sum, activation);
}

/** A shortcut in the output's size: the largest of each 2 x 2 pixels where it is larger, channels of zeros where it has fewer. */
function fitted(step: LayerStep, { name, shape }: LayerStep["input"]): string {
  const isLarger = shape[0]! > step.shape[0]!;
  const map = isLarger ? step.node("MaxPool", [name], { kernel_shape: [2, 2], strides: [2, 2] }) : name;
  const missing = step.shape[2]! - shape[2]!;
  return missing > 0
    ? padded(step, map, [
        [0, missing],
        [0, 0],
        [0, 0],
      ])
    : map;
}

/** @param zeros of the channels, the rows, the columns */
function padded(step: LayerStep, map: string, zeros: readonly Zeros[]): string {
  return step.node("Pad", [map, step.graph.integers(...pads([[0, 0], ...zeros]))], { mode: "constant" });
}

export function zeroBorder(step: LayerStep, { border }: ZeroBorderConfig): string {
  const both: Zeros = [border, border];
  return padded(step, step.input.name, [[0, 0], both, both]);
}

export function zeroPadChannels(step: LayerStep): string {
  return padded(step, step.input.name, [
    [0, step.shape[2]! - step.input.shape[2]!],
    [0, 0],
    [0, 0],
  ]);
}

export function bilinearUpsampling(step: LayerStep, { factor }: BilinearUpsamplingConfig): string {
  const scales = step.graph.floats([4], Float32Array.of(1, 1, factor, factor));
  return step.node("Resize", [step.input.name, "", scales], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
}

export function depthToSpace(step: LayerStep, { block }: DepthToSpaceConfig): string {
  return step.node("DepthToSpace", [step.input.name], { blocksize: block, mode: "DCR" });
}

/** TF.js flattens channels last. Feature map → `[batch, ...shape]` */
export function reshape(step: LayerStep): string {
  const { name, shape } = step.input;
  const map = shape.length === 3 ? step.node("Transpose", [name], { perm: [0, 2, 3, 1] }) : name;
  return step.node("Reshape", [map, step.graph.integers(-1, ...step.shape)]);
}
