import {
  add,
  div,
  logSoftmax,
  mean,
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
import type { Targets } from "./targets.js";

/**
 * PyTorch's `cross_entropy` (the mean, by the examples' weights) or `binary_cross_entropy_with_logits` (the mean over examples and labels), in double.
 *
 * @param logits `[examples, classes]`
 * @param slope takes the loss's gradient by the logits, `[examples, classes]`
 */
export function lossOf(logits: ArrayLike<number>, targets: Targets, slope?: Float32Array): number {
  return targets.problem === "single-label" ? crossEntropy(logits, targets, slope) : binary(logits, targets, slope);
}

/** As `lossOf`, of tensors, for TF.js to differentiate. Weights are `[examples]` or `[classes]` as in `Targets`. */
export function lossTensor(problem: Problem, logits: Tensor2D, wanted: Tensor2D, weights: Tensor1D): Scalar {
  if (problem === "single-label") {
    const each = neg(sum(mul(wanted, logSoftmax(logits)), 1));
    return div(sum(mul(each, weights)), sum(weights));
  }
  const there = mul(mul(wanted, weights), softplus(neg(logits)));
  const absent = mul(sub(1, wanted), softplus(logits));
  return mean(add(there, absent));
}

function crossEntropy(logits: ArrayLike<number>, { classes, wanted, weights }: Targets, slope?: Float32Array): number {
  let loss = 0;
  let total = 0;
  for (const weight of weights) total += weight;
  for (let row = 0, at = 0; row < weights.length; row++, at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = at; i < at + classes; i++) largest = Math.max(largest, logits[i]!);
    let sum = 0;
    for (let i = at; i < at + classes; i++) sum += Math.exp(logits[i]! - largest);
    const normalizer = largest + Math.log(sum);
    const weight = weights[row]! / total;
    for (let i = at; i < at + classes; i++) {
      const logProbability = logits[i]! - normalizer;
      loss -= weight * wanted[i]! * logProbability;
      if (slope) slope[i] = weight * (Math.exp(logProbability) - wanted[i]!);
    }
  }
  return loss;
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
