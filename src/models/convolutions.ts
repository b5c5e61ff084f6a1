import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";

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
  { channels, kernel = 1, stride = 1, padding = "same", activation }: ConvolutionOptions & { channels: number },
): SymbolicTensor {
  const layer = layers.conv2d({
    name,
    filters: channels,
    kernelSize: kernel,
    strides: stride,
    padding: padding === "same" ? "same" : "valid",
    activation,
    kernelInitializer: "zeros",
  });
  return layer.apply(padding === "same" ? x : bordered(x, kernel)) as SymbolicTensor;
}

/** A convolution of each channel by itself, with bias. `[batch, height, width, channels]` → `[batch, height / stride, width / stride, channels]` */
export function depthwise(
  x: SymbolicTensor,
  name: string,
  { kernel = 3, stride = 1, padding = "same", activation }: ConvolutionOptions = {},
): SymbolicTensor {
  const layer = layers.depthwiseConv2d({
    name,
    kernelSize: kernel,
    strides: stride,
    padding: padding === "same" ? "same" : "valid",
    activation,
    depthwiseInitializer: "zeros",
  });
  return layer.apply(padding === "same" ? x : bordered(x, kernel)) as SymbolicTensor;
}

function bordered(x: SymbolicTensor, kernel: number): SymbolicTensor {
  return layers.zeroPadding2d({ padding: Math.floor(kernel / 2) }).apply(x) as SymbolicTensor;
}

export function relu(x: SymbolicTensor): SymbolicTensor {
  return layers.reLU().apply(x) as SymbolicTensor;
}

export function add(x: SymbolicTensor, y: SymbolicTensor): SymbolicTensor {
  return layers.add().apply([x, y]) as SymbolicTensor;
}
