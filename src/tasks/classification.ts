import { InputError } from "../errors.js";
import { checkOptionNames, choiceOption, rangeOption, realOption, wholeOption } from "./options.js";
import { sigmoid } from "./sigmoid.js";

/** What a label got. */
export interface Label {
  label: string;
  /** A probability; with `activation: "none"` the logit itself. */
  score: number;
}

/** How logits become scores. */
export type ScoreActivation = "softmax" | "sigmoid" | "none";

export interface ClassificationOptions {
  /** How many labels, best first. Default: all. */
  topK?: number;
  /**
   * Only labels with at least this score. "fitted": those that the model decides on, with the temperature and thresholds that vitrail's training found for this head;
   * without such, labels from a half on where they are independent, else the best.
   */
  threshold?: number | "fitted";
  /** Default: what the checkpoint is for; a sigmoid when its labels are independent, else a softmax. */
  activation?: ScoreActivation;
  /**
   * What logits are divided by before they become scores: a number, or "fitted" for what vitrail's training found for this head, so that
   * confidences are honest (1 for other heads). Default 1, as in Python.
   */
  temperature?: number | "fitted";
  /**
   * For labels in an order, such as neutral, low, medium, high: a label's score becomes that of "this or worse", its own and all later ones'
   * summed. Either the checkpoint's own order or the labels from harmless to worst.
   */
  cumulative?: "label-order" | readonly string[];
}

/** @throws InputError `input/option` */
export function checkClassificationOptions(options: ClassificationOptions, labels: readonly string[]): void {
  checkOptionNames(options, ["topK", "threshold", "activation", "temperature", "cumulative", "batch", "signal"]);
  wholeOption("topK", options.topK, 1);
  if (options.threshold === "fitted") checkFitted(options);
  else realOption("threshold", options.threshold);
  if (options.temperature !== "fitted") rangeOption("temperature", options.temperature, 1e-3, 1e3);
  choiceOption("activation", options.activation, ["softmax", "sigmoid", "none"]);
  const { cumulative } = options;
  if (cumulative === undefined || cumulative === "label-order") return;
  if (!Array.isArray(cumulative) || [...cumulative].sort().join("\n") !== [...labels].sort().join("\n"))
    throw new InputError(
      "input/option",
      `"cumulative" must be "label-order" or list each label of the model once (${labels.join(", ")}), from harmless to worst.`,
      { details: { option: "cumulative", labels } },
    );
}

/** A decision is about probabilities as they were fitted, and about nothing else. */
function checkFitted(options: ClassificationOptions): void {
  const { activation, temperature, cumulative } = options;
  const isOther = typeof temperature === "number" || activation !== undefined || cumulative !== undefined;
  if (isOther)
    throw new InputError(
      "input/option",
      '"threshold" as "fitted" goes with the fitted temperature: leave "temperature" as a number, "activation" and "cumulative" out.',
      { details: { option: "threshold" } },
    );
}

/** Scores of one picture. `[classes]` → `[classes]`, in double precision */
export function scoresOf(logits: Float32Array, activation: ScoreActivation): Float64Array {
  const scores = Float64Array.from(logits);
  if (activation === "none") return scores;
  if (activation === "sigmoid") return scores.map(sigmoid);
  const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = scores.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/**
 * Labels with their scores, best first; equal scores in the order of the labels. logits `[classes]`
 *
 * @param fitted by label, for the threshold "fitted"
 */
export function labelsOf(
  logits: Float32Array,
  labels: readonly string[],
  activation: ScoreActivation,
  { topK = labels.length, threshold = Number.NEGATIVE_INFINITY, cumulative }: ClassificationOptions,
  fitted: Readonly<Record<string, number>> = {},
): Label[] {
  const scores = scoresOf(logits, activation);
  const all = labels.map((label, index) => ({ label, score: scores[index]! }));
  if (threshold === "fitted") return decided(all, activation, fitted).slice(0, topK);
  const ranked = cumulative === undefined ? all : orWorse(all, cumulative === "label-order" ? labels : cumulative);
  return ranked
    .sort((a, b) => b.score - a.score)
    .filter(({ score }) => score >= threshold)
    .slice(0, topK);
}

/** Labels that are there, best first. Where two exclude each other, the threshold is the second's. */
function decided(all: Label[], activation: ScoreActivation, thresholds: Readonly<Record<string, number>>): Label[] {
  const reaches = ({ label, score }: Label) => score >= (thresholds[label] ?? 0.5);
  const ranked = [...all].sort((a, b) => b.score - a.score);
  if (activation === "sigmoid") return ranked.filter(reaches);
  const [first, second] = all;
  if (all.length === 2 && thresholds[second!.label] !== undefined) return [reaches(second!) ? second! : first!];
  return ranked.slice(0, 1);
}

function orWorse(all: readonly Label[], order: readonly string[]): Label[] {
  const byLabel = new Map(all.map(({ label, score }) => [label, score]));
  const scoreFrom = (place: number) => order.slice(place).reduce((sum, label) => sum + byLabel.get(label)!, 0);
  return order.map((label, place) => ({ label, score: scoreFrom(place) }));
}
