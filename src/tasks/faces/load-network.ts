import type { LayersModel } from "@tensorflow/tfjs-layers";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { ownNames } from "../../models/checkpoint-names.js";
import { loadWeights } from "../../models/load-weights.js";
import type { Target } from "../../models/mismatch-error.js";

/**
 * Builds a network on the active engine and fills it; after a failure nothing of it is left.
 *
 * @param weights a safetensors file with our names, or a folder with one
 * @param target what to call the network when the weights do not fit it
 * @throws WeightsFileError, CheckpointError; `signal.reason`
 */
export async function loadNetwork<Network extends { model: LayersModel }>(
  build: () => Network,
  weights: string | URL,
  { target, signal }: { target?: Target; signal?: AbortSignal | undefined } = {},
): Promise<Network> {
  const checkpoint = await openCheckpoint(weights);
  try {
    signal?.throwIfAborted();
    const network = build();
    try {
      loadWeights(network.model, checkpoint, ownNames(checkpoint.tensors), { signal, target });
    } catch (error) {
      network.model.dispose();
      throw error;
    }
    return network;
  } finally {
    await checkpoint.close();
  }
}
