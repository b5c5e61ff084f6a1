import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { ZeroBorder } from "../nn/zero-border.js";

export interface ConvolutionOptions {
  /** Side of the kernel, pixels. Default: 1 for `convolution`, 3 for `depthwise`. */
  kernel?: number;
  /** Default 1. */
  stride?: 1 | 2;
  /**
   * Where the zeros around the picture go. `"same"` is TensorFlow's: as few as the output size needs, an odd one at the bottom
   * right. `"even"` is PyTorch's `kernel // 2` on every side. The two differ for stride 2 only. Default `"same"`.
   */
  padding?: "same" | "even";
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

/** TF.js knows "same" only: an even border that differs from it is added by a layer of its own. */
function borderFor(padding: "same" | "even" = "same", kernel: number, stride: number) {
  if (padding === "same" || stride === 1) return { kind: "same", add: (x: SymbolicTensor) => x } as const;
  const zeros = new ZeroBorder({ border: Math.floor(kernel / 2) });
  return { kind: "valid", add: (x: SymbolicTensor) => zeros.apply(x) as SymbolicTensor } as const;
}

export function relu(x: SymbolicTensor): SymbolicTensor {
  return layers.reLU().apply(x) as SymbolicTensor;
}

export function add(x: SymbolicTensor, y: SymbolicTensor): SymbolicTensor {
  return layers.add().apply([x, y]) as SymbolicTensor;
}
