import { createHash } from "node:crypto";
import type { EngineOptions } from "../../backend/engine.js";
import { TrainingError } from "../../errors.js";
import { onEngine } from "../on-engine.js";
import { chooseExamples } from "./choose-examples.js";
import { answerOf } from "./dense-layer.js";
import type { Problem } from "./example.js";
import { type FittedLayers, fitFeatures } from "./fit-features.js";
import { checkFitOptions, type FitOptions } from "./fit-options.js";
import type { LabelledFeature } from "./labelled-features.js";

/** A vector and what it stands for: one label, or any number of labels. */
export interface LabelledVector {
  /** `[width]`, such as `embed` gives */
  vector: Float32Array;
  label?: string;
  labels?: readonly string[];
}

/** Options of `fitHead` but for those about pictures. */
export type FitVectorsOptions = Omit<FitOptions, "augmentation" | "cache" | "batch"> & EngineOptions;

/** A classifier of vectors. */
export interface VectorHead extends FittedLayers {
  /** `[width]` each → `[vectors, classes]` */
  logits(vectors: readonly Float32Array[]): Float32Array;
}

/**
 * Trains a classifier on vectors that are there already, such as those of an index, as `fitHead` does on pictures.
 *
 * @throws TrainingError `training/…`; InputError `input/option`; `signal.reason`
 */
export async function fitVectors(
  examples: readonly LabelledVector[],
  { engine, threads, ...options }: FitVectorsOptions = {},
): Promise<VectorHead> {
  const settings = checkFitOptions(options);
  if (!Array.isArray(examples) || examples.length === 0)
    throw new TrainingError("training/no-examples", "There is no labelled vector. Wanted a list of { vector, label }.");
  const problem: Problem =
    options.problem ??
    ((examples as readonly LabelledVector[]).some(({ labels }) => labels !== undefined)
      ? "multi-label"
      : "single-label");
  const found = (examples as readonly LabelledVector[]).map((example: LabelledVector, index: number) =>
    featureOf(example, index, examples[0]!.vector?.length, problem),
  );
  const { labels, training, validation } = chooseExamples(
    { problem, examples: found, omitted: [] },
    settings,
    options.labels,
  );
  const fitted = await fitFeatures({ problem, labels, training, validation }, settings, options, (work) =>
    onEngine({ ...(engine && { engine }), ...(threads !== undefined && { threads }) }, work),
  );
  return {
    ...fitted,
    logits(vectors) {
      const logits = new Float32Array(vectors.length * labels.length);
      for (const [row, vector] of vectors.entries()) logits.set(answerOf(fitted.layers, vector), row * labels.length);
      return logits;
    },
  };
}

/** @throws TrainingError `training/vector`, `training/labels` */
function featureOf(
  { vector, label, labels }: LabelledVector,
  index: number,
  width: number,
  problem: Problem,
): LabelledFeature {
  const own = labels ?? (label === undefined ? [] : [label]);
  if (!(vector instanceof Float32Array) || vector.length !== width || !vector.every(Number.isFinite))
    throw new TrainingError(
      "training/vector",
      `Example ${index} has ${vector instanceof Float32Array ? `a vector of ${vector.length} numbers, or one that is none` : "no Float32Array"}; wanted ${width} numbers.`,
      { details: { index } },
    );
  if (problem === "single-label" && own.length !== 1)
    throw new TrainingError("training/labels", `Example ${index} has ${own.length} labels; wanted one.`, {
      details: { index },
    });
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { name: `vector ${index}`, image: "", labels: [...new Set(own)], hash, feature: vector };
}
