import { copyFile, lstat, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withShapesOnly } from "../../backend/shape-backend.js";
import { InputError, VitrailError } from "../../errors.js";
import type { HubOptions } from "../../io/hub/get-model.js";
import { readJsonFile } from "../../io/json-file.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { replaceFile } from "../../io/replace-file.js";
import { fitCheckpoint } from "../../models/assemble-model.js";
import { ownNames } from "../../models/checkpoint-names.js";
import { disposeModel } from "../../models/dispose-model.js";
import type { ModelConfig } from "../../models/model-config.js";
import { CheckpointWeights } from "../../models/onnx/checkpoint-weights.js";
import { CollectedWeights, EmbeddedWeights } from "../../models/onnx/collected-weights.js";
import { layersGraph } from "../../models/onnx/layers-graph.js";
import { exclusive } from "../exclusive.js";
import { FACE_MODELS, type FaceModelName } from "../faces/face-models.js";
import { openModel } from "../load-model.js";
import { HUB_OPTIONS, hubOptionsOf } from "../locate-model.js";
import { checkOptionNames } from "../options.js";
import { packageFile } from "../package-file.js";
import { outputFolder } from "../quantize/output-folder.js";
import { transformerGraph } from "./transformer-graph.js";

/** What Hugging Face's exports take, and operators that ONNX Runtime 1.17 and newer has, in Python, Node and browsers. */
const EXPORTED = { picture: "channels-first", opset: 20 } as const;

/** The weights of an exported graph, as transformers.js and Hugging Face's tools call them. */
const WEIGHTS_FILE = "model.onnx_data";

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
    const face = faceModel(source);
    if (face) return writeFile(join(folder, "model.onnx"), await faceGraph(face));
    const { checkpoint, config, files } = await openModel(source, hubOptionsOf(options));
    try {
      const weights = new CollectedWeights(WEIGHTS_FILE);
      const fitted = fitCheckpoint(config, checkpoint);
      const graph = await transformerGraph(fitted, outputNames(config), { weights, ...EXPORTED }, signal);
      await writeFile(join(folder, "model.onnx"), graph);
      await writeWeights(join(folder, WEIGHTS_FILE), weights, new CheckpointWeights(checkpoint, fitted), signal);
      await copyConfigs(dirname(files[0]!), draft);
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

/** The graph's outputs, and which of the transformer's they are. */
function outputNames({ architecture: { classes, pool } }: ModelConfig): Map<string, string> {
  return new Map([...(classes > 0 ? [["logits", "logits"] as const] : []), ["embedding", pool] as const]);
}

function faceModel(source: string): FaceModelName | undefined {
  const [, name] = /^blazeface-(\w+)$/.exec(source) ?? [];
  return name !== undefined && Object.hasOwn(FACE_MODELS, name) ? (name as FaceModelName) : undefined;
}

/** A face detector with its weights, which are small enough to lie in the graph. */
async function faceGraph(name: FaceModelName): Promise<Uint8Array> {
  await using checkpoint = await openCheckpoint(packageFile(`weights/blazeface/${name}.safetensors`));
  const fitted = { weights: ownNames(checkpoint.tensors), computed: new Map() };
  const reader = new CheckpointWeights(checkpoint, fitted);
  const weights = new EmbeddedWeights((weight, shape) => reader.read(weight, shape));
  const write = () => {
    const { model, outputs } = FACE_MODELS[name].build();
    try {
      const input = model.inputs[0]!;
      return layersGraph({ input, outputs, weights, ...EXPORTED }).toBytes();
    } finally {
      disposeModel(model);
    }
  };
  return await exclusive(() => withShapesOnly(write));
}

const writeFile = (path: string, bytes: Uint8Array) => replaceFile(path, (append) => append(bytes));

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

/** What transformers.js reads beside the graph; it has to be told that the weights lie in a file of their own. */
async function copyConfigs(from: string, to: string): Promise<void> {
  const config = await readJsonFile(join(from, "config.json"));
  const text = JSON.stringify(
    { ...config, "transformers.js_config": { use_external_data_format: { "model.onnx": 1 } } },
    null,
    2,
  );
  await writeFile(join(to, "config.json"), new TextEncoder().encode(`${text}\n`));
  await copyFile(join(from, "preprocessor_config.json"), join(to, "preprocessor_config.json")).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}
