import "@tensorflow/tfjs-layers"; // it registers the gradients of TF.js's operations
import {
  add,
  div,
  logSoftmax,
  mul,
  neg,
  type Scalar,
  softplus,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import { sigmoid } from "../sigmoid.js";
import type { Problem } from "./example.js";
import { type Targets, totalWeight } from "./targets.js";

/**
 * PyTorch's `cross_entropy` (divided by the weights of the examples' labels) or `binary_cross_entropy_with_logits` (the mean over examples and labels), in double.
 *
 * @param logits `[examples, classes]`
 * @param slope takes the loss's gradient by the logits, `[examples, classes]`
 */
export function lossOf(logits: ArrayLike<number>, targets: Targets, slope?: Float32Array): number {
  return targets.problem === "single-label" ? crossEntropy(logits, targets, slope) : binary(logits, targets, slope);
}

/** As `lossOf`, of tensors, for TF.js to differentiate. wanted `[examples, classes]`, weights `[classes]`; `total` as `totalWeight` gives it */
export function lossTensor(
  problem: Problem,
  logits: Tensor2D,
  wanted: Tensor2D,
  weights: Tensor1D,
  total: number,
): Scalar {
  const there = mul(wanted, weights);
  if (problem === "single-label") return div(neg(sum(mul(there, logSoftmax(logits)))), total);
  const absent = sub(1, wanted);
  return div(sum(add(mul(there, softplus(neg(logits))), mul(absent, softplus(logits)))), total);
}

function crossEntropy(logits: ArrayLike<number>, targets: Targets, slope?: Float32Array): number {
  const { classes, wanted, weights } = targets;
  const total = totalWeight(targets);
  let loss = 0;
  for (let at = 0; at < wanted.length; at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < classes; i++) largest = Math.max(largest, logits[at + i]!);
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += Math.exp(logits[at + i]! - largest);
    const normalizer = largest + Math.log(sum);
    let weight = 0;
    for (let i = 0; i < classes; i++) {
      const share = weights[i]! * wanted[at + i]!;
      weight += share;
      loss -= share * (logits[at + i]! - normalizer);
    }
    if (slope)
      for (let i = 0; i < classes; i++)
        slope[at + i] = (weight * Math.exp(logits[at + i]! - normalizer) - weights[i]! * wanted[at + i]!) / total;
  }
  return loss / total;
}

function binary(logits: ArrayLike<number>, { classes, wanted, weights }: Targets, slope?: Float32Array): number {
  let loss = 0;
  for (let i = 0; i < wanted.length; i++) {
    const logit = logits[i]!;
    const there = wanted[i]! * weights[i % classes]!;
    const absent = 1 - wanted[i]!;
    // log(1 + exp(x)) without overflow
    const tail = Math.log1p(Math.exp(-Math.abs(logit)));
    loss += there * (Math.max(-logit, 0) + tail) + absent * (Math.max(logit, 0) + tail);
    if (slope) slope[i] = (absent * sigmoid(logit) - there * sigmoid(-logit)) / wanted.length;
  }
  return loss / wanted.length;
}
