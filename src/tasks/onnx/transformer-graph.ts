import type { FittedCheckpoint } from "../../models/assemble-model.js";
import { type LayersGraphOptions, layersGraph } from "../../models/onnx/layers-graph.js";
import { transformerLayers } from "../export/transformer-layers.js";

/**
 * The ONNX graph of a transformer, from the layers that its builder makes.
 *
 * @param names of the graph's outputs → of the transformer's
 * @returns the bytes of an .onnx file
 * @throws CheckpointError `checkpoint/mismatch`, `checkpoint/dtype`, `checkpoint/scales`
 */
export function transformerGraph(
  fitted: FittedCheckpoint,
  names: ReadonlyMap<string, string>,
  how: Pick<LayersGraphOptions, "weights" | "picture" | "opset">,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  return transformerLayers(fitted, names, (layers) => layersGraph({ ...layers, ...how }).toBytes(), signal);
}
