import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import { withShapesOnly } from "../../backend/shape-backend.js";
import type { FittedCheckpoint } from "../../models/assemble-model.js";
import { disposeModel } from "../../models/dispose-model.js";
import { checkWeights } from "../../models/load-weights.js";
import { type LayersGraphOptions, layersGraph } from "../../models/onnx/layers-graph.js";
import { parametersOf } from "../../models/parameters.js";
import { visionTransformer } from "../../models/vision-transformer.js";
import { exclusive } from "../exclusive.js";

/**
 * The ONNX graph of a transformer, from the layers that its builder makes.
 *
 * @param names of the graph's outputs → of the transformer's
 * @returns the bytes of an .onnx file
 * @throws CheckpointError `checkpoint/mismatch`, `checkpoint/dtype`, `checkpoint/scales`
 */
export function transformerGraph(
  { config, weights: stored, computed }: FittedCheckpoint,
  names: ReadonlyMap<string, string>,
  how: Pick<LayersGraphOptions, "weights" | "picture" | "opset">,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const work = () => {
    const { model, outputs } = visionTransformer(config.architecture);
    try {
      checkWeights(parametersOf(model), stored, { computed });
      const asked = new Map([...names].map(([name, own]): [string, SymbolicTensor] => [name, outputs.get(own)!]));
      return layersGraph({ input: model.inputs[0]!, outputs: asked, ...how }).toBytes();
    } finally {
      disposeModel(model);
    }
  };
  return exclusive(() => withShapesOnly(work), signal);
}
