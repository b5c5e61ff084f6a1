import { VitrailError } from "../../../errors.js";
import type { Image } from "../../../images/image.js";
import type { ModelConfig } from "../../../models/model-config.js";
import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";
import type { FaceAnalyzer } from "../../../tasks/faces/face-analyzer.js";
import type { NumericArray } from "../../../tasks/pass.js";
import type { VisionModel } from "../../../tasks/vision-model.js";

/** What the services ask of a model in one pass. */
export const SERVED_OUTPUTS = ["logits", "probabilities", "embedding"] as const;
export type ServedOutput = (typeof SERVED_OUTPUTS)[number];

/** Outputs of a batch, each with its batch axis first; embeddings not brought to length 1. */
export type BatchOutputs = Partial<Record<ServedOutput, NumericArray>>;

/** A model, wherever it runs. */
export interface ModelHost {
  readonly config: ModelConfig;
  /** How its weights are kept. */
  readonly dtype: VisionModel["dtype"];
  readonly isUp: boolean;
  /** @param values `[pictures, height, width, 3]`, prepared */
  run(values: Float32Array, pictures: number, outputs: readonly ServedOutput[]): Promise<BatchOutputs>;
}

/** A picture's faces, or why it has none to tell. */
export type FaceOutcome = FaceAnalysis | VitrailError;

/** A face analyzer, wherever it runs. */
export interface FaceHost {
  readonly isUp: boolean;
  analyze(images: readonly Image[]): Promise<FaceOutcome[]>;
}

/** A model that its owner has loaded into this thread. */
export function localModel(model: VisionModel): ModelHost {
  return {
    config: model.config,
    dtype: model.dtype,
    isUp: true,
    run: (values, pictures, outputs) => runBatch(model, values, pictures, outputs),
  };
}

/** An analyzer that its owner has loaded into this thread. */
export function localFaces(analyzer: FaceAnalyzer): FaceHost {
  return { isUp: true, analyze: (images) => analyzeBatch(analyzer, images) };
}

export function runBatch(
  model: VisionModel,
  values: Float32Array,
  pictures: number,
  outputs: readonly ServedOutput[],
): Promise<BatchOutputs> {
  const { height, width } = model.config.architecture.image;
  return model.runTensor(values, [pictures, height, width, 3], { outputs });
}

/** One picture that fails does not spoil the others. */
export async function analyzeBatch(analyzer: FaceAnalyzer, images: readonly Image[]): Promise<FaceOutcome[]> {
  const outcomes: FaceOutcome[] = [];
  for await (const entry of analyzer.analyzeAll(images)) {
    if (!("error" in entry)) outcomes.push(entry.result);
    else if (entry.error instanceof VitrailError) outcomes.push(entry.error);
    else throw entry.error;
  }
  return outcomes;
}
