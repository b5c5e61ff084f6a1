import { createHash } from "node:crypto";
import type { EngineOptions } from "../../backend/engine.js";
import { InputError, TrainingError } from "../../errors.js";
import { onEngine } from "../on-engine.js";
import { chooseExamples } from "./choose-examples.js";
import { answerOf } from "./dense-layer.js";
import type { Problem } from "./example.js";
import { type FittedLayers, fitFeatures } from "./fit-features.js";
import { checkFitOptions, type FitOptions } from "./fit-options.js";
import type { LabelledFeature } from "./labelled-features.js";
import { type Labelled, labelsOf } from "./labels-of.js";
import { type TuningOptions, tunesBlocks } from "./tuning/tuning-options.js";

/** A vector and what it stands for: one label, or any number of labels. */
export interface LabelledVector extends Labelled {
  /** `[width]`, such as `embed` gives */
  vector: Float32Array;
}

/** Options of `fitHead` but for those about pictures. */
export type FitVectorsOptions = Omit<FitOptions, "augmentation" | "cache" | "batch" | keyof TuningOptions> &
  EngineOptions;

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
  if (tunesBlocks(options as FitOptions))
    throw new InputError("input/option", 'Vectors have no blocks: "unfreeze" and "lora" are options of fitHead.');
  if (!Array.isArray(examples) || examples.length === 0)
    throw new TrainingError("training/no-examples", "There is no labelled vector. Wanted a list of { vector, label }.");
  const problem: Problem =
    options.problem ??
    ((examples as readonly LabelledVector[]).some((example) => example?.labels !== undefined)
      ? "multi-label"
      : "single-label");
  const found = (examples as readonly LabelledVector[]).map((example: LabelledVector, index: number) =>
    featureOf(example, index, examples[0]?.vector?.length, problem),
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
  example: LabelledVector,
  index: number,
  width: number | undefined,
  problem: Problem,
): LabelledFeature {
  const { vector } = example ?? {};
  if (!(vector instanceof Float32Array) || vector.length !== width || !allFinite(vector))
    throw new TrainingError(
      "training/vector",
      `Example ${index} has ${vector instanceof Float32Array ? `a vector of ${vector.length} numbers, or one that is none` : "no Float32Array"}; wanted ${width} numbers.`,
      { details: { index } },
    );
  const name = `vector ${index}`;
  const labels = labelsOf(example, name, problem);
  return {
    name,
    image: "",
    labels,
    // Made where it is asked for: a training without validation and checkpoint needs none.
    get hash() {
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      return createHash("sha256").update(bytes).digest("hex");
    },
    feature: vector,
  };
}

/** As `vector.every(Number.isFinite)`, ten times as fast. */
function allFinite(vector: Float32Array): boolean {
  for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i]!)) return false;
  return true;
}
