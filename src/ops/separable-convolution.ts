import { add, engine, fused, maxPool, relu, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";
import { zeroBorder } from "./zero-border.js";
import { zeroPadChannels } from "./zero-pad-channels.js";

/**
 * Where the zeros around the picture go. `"same"` is TensorFlow's: as few as the output size needs, an odd one at the bottom
 * right. `"even"` is PyTorch's `kernel // 2` on every side. The two differ for stride 2 only.
 */
export type Padding = "same" | "even";

export interface SeparableWeights {
  /** `[3, 3, in, 1]` */
  depthwiseKernel: Tensor;
  /** `[in]` */
  depthwiseBias: Tensor;
  /** `[1, 1, in, out]` */
  kernel: Tensor;
  /** `[out]` */
  bias: Tensor;
}

export interface SeparableOptions {
  stride: 1 | 2;
  padding: Padding;
  /**
   * Added last: `[batch, outHeight, outWidth, few]`, or twice as high and wide, of which each 2 x 2 pixels count by their largest values. Where
   * it has fewer channels than the output, zeros stand for the others.
   */
  shortcut?: Tensor | undefined;
  activation?: "relu" | undefined;
}

/** Side of the depthwise filters, pixels. */
export const SEPARABLE_SIDE = 3;

/** The windows of 3 pixels along an axis: how many there are, and how many zeros lie before the first pixel. */
export function windowsAlong(length: number, { stride, padding }: Pick<SeparableOptions, "stride" | "padding">) {
  const count = Math.ceil(length / stride);
  if (padding === "even") return { count, before: 1 };
  return { count, before: Math.max(0, (count - 1) * stride + SEPARABLE_SIDE - length) >> 1 };
}

/**
 * `activation(pointwise(depthwise(x)) + shortcut)`: every channel by a 3 x 3 filter of its own, then all channels of each pixel together.
 * x `[batch, height, width, in]` → `[batch, ⌈height / stride⌉, ⌈width / stride⌉, out]`
 */
export function separableConvolution(x: Tensor, weights: SeparableWeights, options: SeparableOptions): Tensor {
  const { depthwiseKernel, depthwiseBias, kernel, bias } = weights;
  const { stride, padding, shortcut, activation } = options;
  // A tape gets the ops themselves, which have gradients.
  if (engine().state.gradientDepth > 0) return composition(x, weights, options);
  return fusedKernel(
    "VitrailSeparableConvolution",
    [x, depthwiseKernel, depthwiseBias, kernel, bias, ...(shortcut ? [shortcut] : [])],
    { stride, padding, activation },
    () => composition(x, weights, options),
  );
}

function composition(x: Tensor, weights: SeparableWeights, options: SeparableOptions): Tensor {
  const { stride, padding, shortcut, activation } = options;
  const isFramed = padding === "even" && stride === 2;
  const framed = (isFramed ? zeroBorder(x, 1) : x) as Tensor4D;
  const each = fused.depthwiseConv2d({
    x: framed,
    filter: weights.depthwiseKernel as Tensor4D,
    bias: weights.depthwiseBias,
    strides: stride,
    pad: isFramed ? "valid" : "same",
  });
  const fusedActivation = shortcut ? undefined : activation;
  const pointwise = { filter: weights.kernel as Tensor4D, bias: weights.bias, strides: 1, pad: "valid" as const };
  const all = fused.conv2d({ x: each, ...pointwise, ...(fusedActivation && { activation: fusedActivation }) });
  if (!shortcut) return all;
  const sum = add(fitted(shortcut, all.shape), all);
  return activation ? relu(sum) : sum;
}

type Four = [number, number, number, number];

/** A shortcut in the output's shape. */
function fitted(x: Tensor, [, height, , channels]: Four): Tensor {
  const small = x.shape[1] === height ? x : maxPool(x as Tensor4D, 2, 2, "valid");
  return small.shape[3] === channels ? small : zeroPadChannels(small, channels);
}
