import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import { withShapesOnly } from "../../backend/shape-backend.js";
import type { FittedCheckpoint } from "../../models/assemble-model.js";
import { disposeModel } from "../../models/dispose-model.js";
import { checkWeights } from "../../models/load-weights.js";
import { parametersOf } from "../../models/parameters.js";
import type { LayersToTranslate } from "../../models/translate-layers.js";
import { visionTransformer } from "../../models/vision-transformer.js";
import { exclusive } from "../exclusive.js";

/**
 * Has `use` look at a transformer's layers, as its builder makes them, without their weights.
 *
 * @param names of the outputs → of the transformer's
 * @throws CheckpointError `checkpoint/mismatch`, `checkpoint/dtype`, `checkpoint/scales`; what `use` throws
 */
export function transformerLayers<Result>(
  { config, weights, computed }: FittedCheckpoint,
  names: ReadonlyMap<string, string>,
  use: (layers: LayersToTranslate) => Result,
  signal?: AbortSignal,
): Promise<Result> {
  const work = () => {
    const { model, outputs } = visionTransformer(config.architecture);
    try {
      checkWeights(parametersOf(model), weights, { computed });
      const asked = new Map([...names].map(([name, own]): [string, SymbolicTensor] => [name, outputs.get(own)!]));
      return use({ input: model.inputs[0]!, outputs: asked });
    } finally {
      disposeModel(model);
    }
  };
  return exclusive(() => withShapesOnly(work), signal);
}
