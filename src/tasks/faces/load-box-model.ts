import { openCheckpoint } from "../../io/open-checkpoint.js";
import type { BoxModel } from "../../models/box-model.js";
import type { StoredWeight } from "../../models/checkpoint-names.js";
import { loadWeights } from "../../models/load-weights.js";
import type { FaceModel } from "./face-models.js";

const TARGET = {
  model: "the face detector that was asked for",
  advice: 'Leave out "weights" to take those that ship with vitrail, or name the "model" that yours belong to.',
};

/**
 * Builds a detector's network on the active engine and fills it; after a failure nothing of it is left.
 *
 * @param weights a safetensors file with our names, or a folder with one
 * @throws WeightsFileError, CheckpointError; `signal.reason`
 */
export async function loadBoxModel(
  { build }: Pick<FaceModel, "build">,
  weights: string | URL,
  signal?: AbortSignal,
): Promise<BoxModel> {
  const checkpoint = await openCheckpoint(weights);
  try {
    signal?.throwIfAborted();
    const stored = new Map<string, StoredWeight>();
    for (const [name, { dtype, shape }] of checkpoint.tensors)
      stored.set(name, { name, dtype, shape: [...shape], firstRow: 0 });
    const boxModel = build();
    try {
      loadWeights(boxModel.model, checkpoint, stored, { signal, target: TARGET });
    } catch (error) {
      boxModel.model.dispose();
      throw error;
    }
    return boxModel;
  } finally {
    await checkpoint.close();
  }
}
