import { dirname, join } from "node:path";
import { version_layers } from "@tensorflow/tfjs-layers";
import type { HubOptions } from "../../io/hub/get-model.js";
import { replaceFile } from "../../io/replace-file.js";
import { fitCheckpoint } from "../../models/assemble-model.js";
import { CheckpointWeights } from "../../models/onnx/checkpoint-weights.js";
import { notFinite } from "../../models/prove-finite.js";
import { arrangeWeight } from "../../models/stock/arrange-weight.js";
import { type StockDescription, type StockWeight, stockLayers } from "../../models/stock/stock-layers.js";
import { openModel } from "../load-model.js";
import { HUB_OPTIONS, hubOptionsOf } from "../locate-model.js";
import { checkOptionNames } from "../options.js";
import { outputFolder } from "../quantize/output-folder.js";
import { writeText } from "../quantize/write-quantized.js";
import { copyConfigs, outputNames } from "./export-files.js";
import { faceLayers, faceModelOf, withFaceWeights } from "./face-layers.js";
import { transformerLayers } from "./transformer-layers.js";

/** What TF.js's own converters cut weights into, so that browsers cache them. */
const SHARD_BYTES = 4 << 20;

export interface ExportTfjsOptions extends HubOptions {
  /** A new or empty folder, which gets `model.json`, the weights beside it, and the model's configs. */
  out: string;
}

/**
 * Writes a ViT or EVA-02, or a face detector of vitrail's own (`blazeface-short`, `-back`, `-full`), as a LayersModel of layers that every TF.js has:
 * `tf.loadLayersModel` runs it without vitrail. It takes preprocessed pictures `[batch, height, width, 3]` and gives `[logits, embedding]`, an encoder
 * `embedding`, a detector `[classificators, regressors]`. Weights are float32.
 *
 * @returns the path of its `model.json`
 * @throws what `loadModel` throws for a model that does not fit together; CheckpointError `checkpoint/export` for a layer that TF.js's own can't say;
 *   QuantizationError `quantize/output` for a folder that is not free
 */
export async function exportTfjs(source: string, options: ExportTfjsOptions): Promise<string> {
  checkOptionNames(options, ["out", ...HUB_OPTIONS]);
  const { out, signal } = options;
  await outputFolder(out, async (draft) => {
    const face = faceModelOf(source);
    if (face)
      return withFaceWeights(face, async (weights) =>
        writeLayersModel(draft, await faceLayers(face, stockLayers), weights, signal),
      );
    const { checkpoint, config, files } = await openModel(source, hubOptionsOf(options));
    try {
      const fitted = fitCheckpoint(config, checkpoint);
      const description = await transformerLayers(fitted, outputNames(config), stockLayers, signal);
      await writeLayersModel(draft, description, new CheckpointWeights(checkpoint, fitted), signal);
      await copyConfigs(dirname(files[0]!), draft);
    } finally {
      await checkpoint.close();
    }
  });
  return join(out, "model.json");
}

async function writeLayersModel(
  folder: string,
  { topology, weights }: StockDescription,
  reader: CheckpointWeights,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bytes = weights.reduce((sum, { shape }) => sum + 4 * count(shape), 0);
  const shards = Math.ceil(bytes / SHARD_BYTES);
  const paths = Array.from({ length: shards }, (_, i) => `group1-shard${i + 1}of${shards}.bin`);
  await writeShards(
    paths.map((path) => join(folder, path)),
    weights,
    reader,
    signal,
  );
  const model = {
    format: "layers-model",
    generatedBy: `TensorFlow.js tfjs-layers v${version_layers}`,
    convertedBy: "vitrail",
    modelTopology: topology,
    weightsManifest: [{ paths, weights: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })) }],
  };
  await writeText(join(folder, "model.json"), JSON.stringify(model));
}

/** Writes weights one after the other into files of equal size. One weight is in memory at a time, and one file. */
async function writeShards(
  paths: readonly string[],
  weights: readonly StockWeight[],
  reader: CheckpointWeights,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pieces = piecesOf(weights, reader);
  let left = new Uint8Array(0);
  for (const path of paths)
    await replaceFile(path, async (append) => {
      for (let room = SHARD_BYTES; room > 0; ) {
        signal?.throwIfAborted();
        if (left.length === 0) {
          const next = pieces.next();
          if (next.done) return;
          left = next.value;
        }
        const piece = left.subarray(0, room);
        await append(piece);
        room -= piece.length;
        left = left.subarray(piece.length);
      }
    });
}

function* piecesOf(weights: readonly StockWeight[], reader: CheckpointWeights): Generator<Uint8Array<ArrayBuffer>> {
  for (const { source } of weights) {
    const values = "values" in source ? source.values : read(reader, source);
    yield new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  }
}

function read(
  reader: CheckpointWeights,
  { name, storedShape, layout }: Exclude<StockWeight["source"], { values: unknown }>,
): Float32Array {
  const values = reader.read(name, storedShape);
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) throw notFinite(name, broken);
  return arrangeWeight(values, storedShape, layout);
}

const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
