import { InputError } from "../../errors.js";
import type { Problem } from "./example.js";
import { indexOfLargest } from "./index-of-largest.js";

/** "balanced": as much weight for rare labels, all together, as for frequent ones. Else a weight by label; 1 for those that it leaves out. */
export type ClassWeights = "balanced" | Readonly<Record<string, number>>;

/** What a head should answer, and how much each part of it counts. */
export interface Targets {
  problem: Problem;
  classes: number;
  /** Shares of the labels, smoothed. `[examples, classes]` */
  wanted: Float32Array;
  /** What each label counts where it is there. `[classes]` */
  weights: Float32Array;
}

/**
 * Targets as PyTorch's `CrossEntropyLoss(weight, label_smoothing)` and `BCEWithLogitsLoss(pos_weight)` mean them. Balanced weights are scikit-learn's for
 * one label, negatives over positives for many.
 *
 * @throws InputError `input/option` for the weight of a label that there is not
 */
export function targetsOf(
  examples: readonly { labels: readonly string[] }[],
  labels: readonly string[],
  problem: Problem,
  {
    classWeights,
    labelSmoothing = 0,
  }: { classWeights?: ClassWeights | undefined; labelSmoothing?: number | undefined } = {},
): Targets {
  const classes = labels.length;
  const stray = typeof classWeights === "object" && Object.keys(classWeights).find((name) => !labels.includes(name));
  if (stray)
    throw new InputError(
      "input/option",
      `"classWeights" has "${stray}", which is not among the labels: "${labels.join('", "')}".`,
      { details: { option: "classWeights" } },
    );
  const places = new Map(labels.map((label, place) => [label, place]));
  const wanted = new Float32Array(examples.length * classes);
  for (const [row, example] of examples.entries())
    for (const label of example.labels) wanted[row * classes + places.get(label)!] = 1;

  const counts = labels.map((_, label) => examples.filter((_, row) => wanted[row * classes + label] === 1).length);
  const present = counts.filter((count) => count > 0).length;
  const weightOf = (label: number) => {
    if (classWeights !== "balanced") return classWeights?.[labels[label]!] ?? 1;
    if (counts[label] === 0) return 1;
    const count = counts[label]!;
    return problem === "single-label"
      ? examples.length / (present * count)
      : Math.max(1, examples.length - count) / count;
  };
  const weights = Float32Array.from(labels, (_, label) => weightOf(label));
  if (labelSmoothing > 0) {
    const even = problem === "single-label" ? 1 / classes : 0.5;
    for (let i = 0; i < wanted.length; i++) wanted[i] = wanted[i]! * (1 - labelSmoothing) + labelSmoothing * even;
  }
  return { problem, classes, wanted, weights };
}

/** What losses are divided by: the weights of the examples' labels, or how many answers there are. */
export function totalWeight({ problem, classes, wanted, weights }: Targets): number {
  if (problem === "multi-label") return wanted.length;
  let total = 0;
  for (let from = 0; from < wanted.length; from += classes)
    // Of smoothed shares too, the label's own is the largest.
    total += weights[indexOfLargest(wanted, from, from + classes)]!;
  return total;
}
