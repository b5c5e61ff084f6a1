import { lstat, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, VitrailError } from "../../errors.js";
import type { HubOptions } from "../../io/hub/get-model.js";
import { replaceFile } from "../../io/replace-file.js";
import { fitCheckpoint } from "../../models/assemble-model.js";
import { CheckpointWeights } from "../../models/onnx/checkpoint-weights.js";
import { CollectedWeights, EmbeddedWeights } from "../../models/onnx/collected-weights.js";
import { layersGraph } from "../../models/onnx/layers-graph.js";
import type { FaceModelName } from "../faces/face-models.js";
import { openModel } from "../load-model.js";
import { HUB_OPTIONS, hubOptionsOf } from "../locate-model.js";
import { transformerGraph } from "../onnx/transformer-graph.js";
import { checkOptionNames } from "../options.js";
import { outputFolder } from "../quantize/output-folder.js";
import { copyConfigs, outputNames, writeFile } from "./export-files.js";
import { faceLayers, faceModelOf, withFaceWeights } from "./face-layers.js";

/** What Hugging Face's exports take, and operators that ONNX Runtime 1.17 and newer has, in Python, Node and browsers. */
const EXPORTED = { picture: "channels-first", opset: 20 } as const;

/** The weights of an exported graph, as transformers.js and Hugging Face's tools call them. */
const WEIGHTS_FILE = "model.onnx_data";

/** transformers.js has to be told that the weights lie in a file of their own. */
const EXTERNAL_DATA = { "transformers.js_config": { use_external_data_format: { "model.onnx": 1 } } };

export interface ExportOnnxOptions extends HubOptions {
  /** A new or empty folder, which gets `onnx/model.onnx` with its weights, and the model's configs. */
  out: string;
}

/**
 * Writes a ViT or EVA-02, or a face detector of vitrail's own (`blazeface-short`, `-back`, `-full`), as a folder that ONNX Runtime and
 * transformers.js load: a graph from `pixel_values` `[batch, 3, height, width]`, preprocessed, to `logits` and `embedding`, or to a detector's
 * `classificators` and `regressors`. Weights are float32.
 *
 * @returns the graph's path
 * @throws what `loadModel` throws for a model that does not fit together; QuantizationError `quantize/output` for a folder that is not free
 */
export async function exportOnnx(source: string, options: ExportOnnxOptions): Promise<string> {
  checkOptionNames(options, ["out", ...HUB_OPTIONS]);
  const { out, signal } = options;
  await outputFolder(out, async (draft) => {
    const folder = join(draft, "onnx");
    await mkdir(folder);
    const face = faceModelOf(source);
    if (face) return writeFile(join(folder, "model.onnx"), await faceGraph(face));
    const { checkpoint, config, files } = await openModel(source, hubOptionsOf(options));
    try {
      const weights = new CollectedWeights(WEIGHTS_FILE);
      const fitted = fitCheckpoint(config, checkpoint);
      const graph = await transformerGraph(fitted, outputNames(config), { weights, ...EXPORTED }, signal);
      await writeFile(join(folder, "model.onnx"), graph);
      await writeWeights(join(folder, WEIGHTS_FILE), weights, new CheckpointWeights(checkpoint, fitted), signal);
      await copyConfigs(dirname(files[0]!), draft, EXTERNAL_DATA);
    } finally {
      await checkpoint.close();
    }
  });
  return join(out, "onnx/model.onnx");
}

/**
 * Writes a graph beside a model's own safetensors file, whose bytes it refers to: `model.onnx`, which is replaced if it is there. It runs where its file
 * is, in Python and Node; transformers.js wants a folder of `exportOnnx`.
 *
 * @returns the graph's path
 * @throws what `loadModel` throws; InputError `input/not-beside` where the weights lie behind links or in several folders, or theirs can't be written to
 */
export async function exportOnnxBeside(source: string, options: HubOptions = {}): Promise<string> {
  const { checkpoint, config, files } = await openModel(source, hubOptionsOf(options));
  try {
    const folder = dirname(files[0]!);
    for (const file of files)
      if (dirname(file) !== folder || (await lstat(file)).isSymbolicLink())
        throw new InputError(
          "input/not-beside",
          `"${file}" is a link, as in the Hub's cache, or not in the folder of the other weights, and ONNX Runtime reads no links. Export into a folder instead (--onnx).`,
          { details: { file } },
        );
    const fitted = fitCheckpoint(config, checkpoint);
    const weights = new CheckpointWeights(checkpoint, fitted, { locate: (file) => basename(file) });
    const path = join(folder, "model.onnx");
    await writeFile(
      path,
      await transformerGraph(fitted, outputNames(config), { weights, ...EXPORTED }, options.signal),
    ).catch((cause) => {
      if (cause instanceof VitrailError) throw cause;
      throw new InputError(
        "input/not-beside",
        `"${folder}" can't be written to (${cause.code ?? cause}). Export into another folder instead (--onnx).`,
        { cause, details: { folder } },
      );
    });
    return path;
  } finally {
    await checkpoint.close();
  }
}

/** A face detector with its weights, which are small enough to lie in the graph. */
function faceGraph(name: FaceModelName): Promise<Uint8Array> {
  return withFaceWeights(name, (reader) => {
    const weights = new EmbeddedWeights((weight, shape) => reader.read(weight, shape));
    return faceLayers(name, (layers) => layersGraph({ ...layers, weights, ...EXPORTED }).toBytes());
  });
}

/** One weight is in memory at a time. */
function writeWeights(
  path: string,
  { collected }: CollectedWeights,
  reader: CheckpointWeights,
  signal: AbortSignal | undefined,
): Promise<void> {
  return replaceFile(path, async (append) => {
    let end = 0;
    for (const { name, shape, offset } of collected) {
      signal?.throwIfAborted();
      const { buffer, byteOffset, byteLength } = reader.read(name, shape);
      await append(new Uint8Array(offset - end));
      await append(new Uint8Array(buffer, byteOffset, byteLength));
      end = offset + byteLength;
    }
  });
}
