import type { Decisions } from "../../models/model-config.js";
import type { ImageInput } from "../image-input.js";
import { sigmoid } from "../sigmoid.js";
import { type Calibration, calibrationOf, confidencesOf } from "./calibration.js";
import { confusionMatrix, type LabelScores, labelScores, macroF1 } from "./confusion.js";
import { decide } from "./decisions.js";
import type { NamedExample, Omission, Problem } from "./example.js";
import { indexOfLargest } from "./index-of-largest.js";
import { lossOf } from "./loss.js";
import {
  bestPoint,
  type PrecisionRecallCurve,
  type PrecisionRecallPoint,
  precisionRecallCurve,
} from "./precision-recall.js";
import { targetsOf } from "./targets.js";

/** A label's precision and recall over all thresholds, and at the one that was chosen. */
export interface LabelCurve extends PrecisionRecallCurve {
  label: string;
  chosen?: PrecisionRecallPoint & { f1: number };
}

/** A picture whose answer was far from the truth. */
export interface Mistake {
  name: string;
  image: ImageInput;
  labels: readonly string[];
  answers: string[];
  /** Its own loss. */
  loss: number;
}

/** What answers are worth. Shares are from 0 to 1. */
export interface Evaluation {
  problem: Problem;
  examples: number;
  /** Mean cross-entropy, before the temperature. */
  loss: number;
  /** Share of the examples whose labels are all right. */
  accuracy: number;
  macroF1: number;
  labels: ({ label: string } & LabelScores)[];
  /** By truth (rows) and answer (columns), where each picture has one label. */
  confusion?: number[][];
  temperature: number;
  /** With the logits as they are, and divided by the temperature. */
  calibration: { before: Calibration; after: Calibration };
  /** Of each of many labels, or of the second of two. */
  curves: LabelCurve[];
  /** By falling loss. */
  worst: Mistake[];
  omitted: Omission[];
}

const WORST = 24;

/**
 * Judges logits by what the pictures show.
 *
 * @param logits `[examples, classes]`
 */
export function evaluate(
  logits: Float32Array,
  examples: readonly NamedExample[],
  labels: readonly string[],
  problem: Problem,
  { temperature, thresholds }: Decisions,
  omitted: readonly Omission[] = [],
): Evaluation {
  const classes = labels.length;
  const truth = truthOf(examples, labels);
  const answers = new Uint8Array(truth.length);
  const rowsOf = <List extends Float32Array | Uint8Array>(list: List, row: number) =>
    list.subarray(row * classes, (row + 1) * classes) as List;
  const answersOf = (own: Float32Array) =>
    problem === "single-label" || !thresholds
      ? decide(own, problem)
      : Uint8Array.from(labels, (label, i) => Number(sigmoid(own[i]! / temperature) >= (thresholds[label] ?? 0.5)));
  for (const row of examples.keys()) answers.set(answersOf(rowsOf(logits, row)), row * classes);
  const right = examples.filter((_, row) => String(rowsOf(truth, row)) === String(rowsOf(answers, row))).length;
  const scores = labelScores(truth, answers, classes);
  const calibrated = (divisor: number) => {
    const { confidences, right } = confidencesOf(logits, truth, classes, problem, divisor);
    return calibrationOf(confidences, right);
  };
  const namesOf = (row: Uint8Array) => labels.filter((_, label) => row[label] === 1);
  const losses = examples.map((example, row) => lossOf(rowsOf(logits, row), targetsOf([example], labels, problem)));
  return {
    problem,
    examples: examples.length,
    loss: lossOf(logits, targetsOf(examples, labels, problem)),
    accuracy: right / examples.length,
    macroF1: macroF1(scores),
    labels: labels.map((label, i) => ({ label, ...scores[i]! })),
    ...(problem === "single-label" && { confusion: confusionOf(truth, answers, examples.length, classes) }),
    temperature,
    calibration: { before: calibrated(1), after: calibrated(temperature) },
    curves: curvesOf(logits, truth, labels, problem, { temperature, thresholds }),
    worst: examples
      .map(({ name, image, labels: own }, row) => ({
        name,
        image,
        labels: own,
        answers: namesOf(rowsOf(answers, row)),
        loss: losses[row]!,
      }))
      .sort((a, b) => b.loss - a.loss)
      .slice(0, WORST),
    omitted: [...omitted],
  };
}

/** Thresholds with the best balance of precision and recall on these examples; nothing where a picture has one of more than two labels. */
export function chooseThresholds(
  logits: Float32Array,
  examples: readonly NamedExample[],
  labels: readonly string[],
  problem: Problem,
  temperature: number,
): Record<string, number> | undefined {
  const truth = truthOf(examples, labels);
  const curves = curvesOf(logits, truth, labels, problem, { temperature });
  if (curves.length === 0) return undefined;
  return Object.fromEntries(curves.map((curve) => [curve.label, belowBest(curve)]));
}

/** In the middle between the best threshold and the next score below it, so that no example lies on it. */
function belowBest(curve: LabelCurve): number {
  const { threshold } = bestPoint(curve);
  const place = curve.points.findIndex((point) => point.threshold === threshold);
  return place === 0 ? threshold / 2 : (threshold + curve.points[place - 1]!.threshold) / 2;
}

function curvesOf(
  logits: Float32Array,
  truth: Uint8Array,
  labels: readonly string[],
  problem: Problem,
  { temperature, thresholds }: Decisions,
): LabelCurve[] {
  const classes = labels.length;
  if (problem === "single-label" && classes !== 2) return [];
  const judged = problem === "single-label" ? [1] : labels.map((_, label) => label);
  return judged.map((label) => {
    const examples = truth.length / classes;
    const scores = Float64Array.from({ length: examples }, (_, row) => {
      const own = logits[row * classes + label]!;
      return sigmoid((problem === "multi-label" ? own : own - logits[row * classes]!) / temperature);
    });
    const there = Uint8Array.from({ length: examples }, (_, row) => truth[row * classes + label]!);
    const threshold = thresholds?.[labels[label]!];
    return {
      label: labels[label]!,
      ...precisionRecallCurve(scores, there),
      ...(threshold !== undefined && { chosen: { threshold, ...scoresAt(threshold, scores, there) } }),
    };
  });
}

function scoresAt(threshold: number, scores: Float64Array, truth: Uint8Array) {
  const answers = Uint8Array.from(scores, (score) => Number(score >= threshold));
  const { precision, recall, f1 } = labelScores(truth, answers, 1)[0]!;
  return { precision, recall, f1 };
}

/** 1 where a label is there. `[examples, classes]` */
export function truthOf(examples: readonly NamedExample[], labels: readonly string[]): Uint8Array {
  return Uint8Array.from(targetsOf(examples, labels, "multi-label").wanted);
}

function confusionOf(truth: Uint8Array, answers: Uint8Array, examples: number, classes: number): number[][] {
  const labelsOf = (list: Uint8Array) =>
    Array.from({ length: examples }, (_, row) => indexOfLargest(list, row * classes, (row + 1) * classes));
  return confusionMatrix(labelsOf(truth), labelsOf(answers), classes);
}
