import { createHash } from "node:crypto";
import type { Decisions } from "../../models/model-config.js";
import { fitTemperature } from "./calibration.js";
import { correctRows } from "./decisions.js";
import { answerOf, type DenseLayer } from "./dense-layer.js";
import { chooseThresholds, type Evaluation, evaluate } from "./evaluation.js";
import type { Problem } from "./example.js";
import { fitLayers } from "./fit-layers.js";
import type { FitOptions, FitSettings } from "./fit-options.js";
import type { LabelledFeature } from "./labelled-features.js";
import type { InTurn } from "./logistic-regression.js";
import { targetsOf } from "./targets.js";
import type { EpochReport } from "./train.js";

/** Features with their labels, in two parts. */
export interface SplitFeatures {
  problem: Problem;
  labels: readonly string[];
  training: readonly LabelledFeature[];
  validation: readonly LabelledFeature[];
}

/** A head as far as it is weights and numbers. */
export interface FittedLayers extends Decisions {
  problem: Problem;
  labels: readonly string[];
  layers: DenseLayer[];
  history: EpochReport[];
  validation?: Evaluation;
}

/** Trains the layers of a head, then chooses temperature and thresholds by the validation part. @throws as `train` */
export async function fitFeatures(
  { problem, labels, training, validation }: SplitFeatures,
  settings: FitSettings,
  options: Pick<FitOptions, "classWeights" | "labelSmoothing" | "checkpoint" | "signal" | "progress">,
  inTurn: InTurn,
): Promise<FittedLayers> {
  const { checkpoint, signal, progress } = options;
  const { layers, history } = await fitLayers(
    {
      training: training.map(({ feature }) => feature),
      validation: validation.map(({ feature }) => feature),
      targets: {
        training: targetsOf(training, labels, problem, options),
        validation: validation.length > 0 ? targetsOf(validation, labels, problem) : undefined,
      },
    },
    settings,
    {
      inTurn,
      signal,
      onEpoch: (report) => progress?.({ stage: "training", ...report }),
      checkpoint:
        checkpoint === undefined ? undefined : { path: checkpoint, run: runOf(training, labels, settings, options) },
    },
  );
  return { problem, labels, layers, history, ...judge(layers, validation, labels, problem) };
}

/** Temperature and thresholds by the pictures that were not learned from, and what the head is worth on them; a temperature of 1 where there are none, or none is answered wrong. */
export function judge(
  layers: readonly DenseLayer[],
  validation: readonly LabelledFeature[],
  labels: readonly string[],
  problem: Problem,
): Decisions & { validation?: Evaluation } {
  if (validation.length === 0) return { temperature: 1 };
  const logits = new Float32Array(validation.length * labels.length);
  for (const [row, { feature }] of validation.entries()) logits.set(answerOf(layers, feature), row * labels.length);
  const targets = targetsOf(validation, labels, problem);
  // Where no answer is wrong, nothing says how often confidence fails: the least loss would be that of boundless confidence.
  const isFaultless = correctRows(logits, targets) === validation.length;
  const temperature = isFaultless ? 1 : fitTemperature(logits, targets);
  const thresholds = chooseThresholds(logits, validation, labels, problem, temperature);
  const decisions = { temperature, ...(thresholds && { thresholds }) };
  return { ...decisions, validation: evaluate(logits, validation, labels, problem, decisions) };
}

/** What makes a training this one, as a hash. */
function runOf(
  seen: readonly LabelledFeature[],
  labels: readonly string[],
  settings: FitSettings,
  { classWeights }: Pick<FitOptions, "classWeights">,
): string {
  const hash = createHash("sha256");
  // An interrupted training may be given more epochs.
  hash.update(JSON.stringify({ labels, ...settings, epochs: 0, classWeights }));
  for (const { hash: content, labels: own, feature } of seen)
    hash
      .update(`${content} ${JSON.stringify(own)}`)
      .update(new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength));
  return hash.digest("hex");
}
