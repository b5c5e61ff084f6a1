import { add, matMul, mul, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { linear } from "../ops/linear.js";

/** A change of a dense layer's weights by a product of two thin matrices (LoRA, arXiv 2106.09685). */
export interface LowRankAdapter {
  /** LoRA's A, in TF.js's order: `[in, rank]` */
  down: Tensor;
  /** LoRA's B: `[rank, out]` */
  up: Tensor;
  /** What the product counts: alpha / rank. */
  scale: number;
}

/** What the adapter adds to its layer's answer. `[..., in]` → `[..., out]` */
export function adapted(x: Tensor, { down, up, scale }: LowRankAdapter): Tensor {
  return mul(linear(linear(x, down), up), scale);
}

/** The layer's kernel with the adapter's change in it. kernel `[in, out]` → the same */
export function mergedKernel(kernel: Tensor, { down, up, scale }: LowRankAdapter): Tensor {
  return tidy(() => add(kernel, mul(matMul(down as Tensor2D, up as Tensor2D), scale)));
}
