import { sigmoid } from "../sigmoid.js";
import type { Problem } from "./example.js";
import { lossOf } from "./loss.js";
import type { Targets } from "./targets.js";

/** Answers of about the same confidence. */
export interface CalibrationBin {
  /** The confidences that fall in: above `from`, up to `to`. */
  from: number;
  to: number;
  count: number;
  /** Mean confidence; 0 for an empty bin. */
  confidence: number;
  /** Share that was right; 0 for an empty bin. */
  accuracy: number;
}

/** How far confidences are from the shares that are right. */
export interface Calibration {
  /** Expected calibration error: the mean distance of both over the bins, by their counts (Guo et al. 2017). From 0 to 1. */
  ece: number;
  bins: CalibrationBin[];
}

const BINS = 15;

/** @param right 1 where the answer with this confidence was right */
export function calibrationOf(confidences: Float64Array, right: Uint8Array, bins = BINS): Calibration {
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const [i, confidence] of confidences.entries()) {
    const bin = sums[Math.max(0, Math.min(bins - 1, Math.ceil(confidence * bins) - 1))]!;
    bin.count++;
    bin.confidence += confidence;
    bin.right += right[i]!;
  }
  const made = sums.map(({ count, confidence, right }, i) => ({
    from: i / bins,
    to: (i + 1) / bins,
    count,
    confidence: count && confidence / count,
    accuracy: count && right / count,
  }));
  const ece = made.reduce((sum, bin) => sum + bin.count * Math.abs(bin.confidence - bin.accuracy), 0);
  return { ece: ece / confidences.length, bins: made };
}

/**
 * Confidences that can be right or wrong: of the best label of each example, or, where labels don't exclude each other, of each label that it is there.
 *
 * @param logits `[examples, classes]`
 * @param truth 1 where a label is there, `[examples, classes]`
 */
export function confidencesOf(
  logits: Float32Array,
  truth: Uint8Array,
  classes: number,
  problem: Problem,
  temperature: number,
): { confidences: Float64Array; right: Uint8Array } {
  if (problem === "multi-label")
    return { confidences: Float64Array.from(logits, (logit) => sigmoid(logit / temperature)), right: truth };
  const examples = logits.length / classes;
  const confidences = new Float64Array(examples);
  const right = new Uint8Array(examples);
  for (let row = 0; row < examples; row++) {
    let [best, sum] = [0, 0];
    const at = row * classes;
    for (let i = 1; i < classes; i++) if (logits[at + i]! > logits[at + best]!) best = i;
    for (let i = 0; i < classes; i++) sum += Math.exp((logits[at + i]! - logits[at + best]!) / temperature);
    confidences[row] = 1 / sum;
    right[row] = truth[at + best]!;
  }
  return { confidences, right };
}

/** Temperatures that are sought among; their logarithms are halved so often. */
const RANGE = { least: 0.05, most: 20 };
const HALVINGS = 50;

/**
 * The temperature by which logits are to be divided so that their loss on these targets is least (Guo et al. 2017). In 1 / temperature the loss has one
 * valley, whose bottom is found by halving.
 */
export function fitTemperature(logits: Float32Array, targets: Targets): number {
  const slope = new Float32Array(logits.length);
  /** The loss's slope by 1 / temperature. */
  const slopeAt = (inverse: number) => {
    lossOf(
      Float64Array.from(logits, (logit) => logit * inverse),
      targets,
      slope,
    );
    return logits.reduce((sum, logit, i) => sum + logit * slope[i]!, 0);
  };
  let [low, high] = [Math.log(1 / RANGE.most), Math.log(1 / RANGE.least)];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (slopeAt(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}
