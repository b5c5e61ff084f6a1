import { join } from "node:path";
import { getBackend } from "@tensorflow/tfjs-core";
import { type EngineOptions, type OnnxEngine, useEngineToRun } from "../backend/engine.js";
import { uploadWeights } from "../backend/upload-weight.js";
import { BACKEND_NAME, WEIGHT_PRECISIONS, type WeightPrecision } from "../backend/vitrail-backend.js";
import { CheckpointError, EngineError, VitrailError } from "../errors.js";
import type { Checkpoint } from "../io/checkpoint.js";
import type { HubOptions } from "../io/hub/get-model.js";
import { readJsonFile } from "../io/json-file.js";
import { openCheckpoint } from "../io/open-checkpoint.js";
import { assembleModel, fitCheckpoint, type Interpolation } from "../models/assemble-model.js";
import type { ConfigFile } from "../models/config-fields.js";
import { uploadToActiveBackend } from "../models/load-weights.js";
import { type ModelConfig, readModelConfig } from "../models/model-config.js";
import type { VisionTransformer } from "../models/vision-transformer.js";
import { exclusive } from "./exclusive.js";
import { ForwardPass } from "./forward-pass.js";
import { HUB_OPTIONS, hubOptionsOf, locateModel, type ModelPlace } from "./locate-model.js";
import { onEngine } from "./on-engine.js";
import { OnnxPass } from "./onnx/onnx-pass.js";
import { checkOptionNames, choiceOption } from "./options.js";
import { VisionModel } from "./vision-model.js";

export interface LoadModelOptions extends EngineOptions, HubOptions {
  /**
   * For pictures of another size than the model was trained on: its positions are resampled as Hugging Face (ViT) or timm (EVA-02) do it.
   * `true`: to the size that the preprocessing gives; a number or `{ height, width }` in pixels: to this one. Default false.
   */
  interpolate?: Interpolation;
  /**
   * How the weights of the model's blocks are kept; default "float32". "float16" takes half of the memory and a little more time: a checkpoint of
   * float16 gives the same numbers, others are rounded. "int8" takes a quarter or half of the memory and is faster, most of all on
   * Node 24 and processors with an instruction for it: embeddings have a cosine of at least 0.998 to float32's. By the engine "vitrail" only,
   * which "auto" takes for these two.
   * A folder that `quantize` wrote as int8 is "int8" by default, with the layers that were kept as float32; as "float32", and on other engines, its
   * integers are brought back to float32.
   */
  dtype?: WeightPrecision;
}

/**
 * Loads a ViT or EVA-02 from the Hugging Face Hub, from a folder with `config.json`, `preprocessor_config.json` (Hugging Face ViT) and safetensors
 * weights, or from the path of such a weights file.
 *
 * @param source `owner/name` of a model on the Hub, which is then kept in the cache that Python's huggingface_hub has too; or a path, which wins
 *   where both are there
 * @throws InputError `input/not-found`, `input/option`; DownloadError for what the Hub does not give; CheckpointError for files that do not fit
 *   together; WeightsFileError for broken ones; `signal.reason`
 */
export async function loadModel(source: string, options: LoadModelOptions = {}): Promise<VisionModel> {
  const { config, forward, files, dtype } = await open(source, options, async (opened) => {
    const { signal } = options;
    const loaded = await exclusive(async () => {
      const engine = await useEngineToRun(opened.engine);
      return engine ? { engine } : asLayers(opened, options);
    }, signal);
    if (!("engine" in loaded)) return { ...loaded, forward: new ForwardPass(loaded.transformer, loaded.backend) };
    return withOnnxRuntime(loaded.engine, source, opened, options);
  });
  return new VisionModel(config, forward, files, dtype);
}

/**
 * As `loadModel`, but gives the TF.js layers themselves: for training, for a head of your own, for `model.summary()`.
 * The caller disposes `model`.
 */
export async function loadLayers(
  source: string,
  options: LoadModelOptions = {},
): Promise<VisionTransformer & { config: ModelConfig }> {
  const { config, transformer } = await open(source, options, (opened) =>
    onEngine(opened.engine, () => asLayers(opened, options), options.signal),
  );
  return { ...transformer, config };
}

/** A model's files, and what the options come to with them. */
interface Opened {
  config: ModelConfig;
  checkpoint: Checkpoint;
  files: string[];
  engine: EngineOptions;
  /** How the weights are to be kept. */
  dtype: WeightPrecision;
  /** Whether they are integers in the file. */
  isQuantized: boolean;
}

async function open<Result>(
  source: string,
  options: LoadModelOptions,
  load: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  checkOptionNames(options, [...HUB_OPTIONS, "interpolate", "dtype", "engine", "threads"]);
  const { interpolate = false, dtype: asked, engine = "auto", threads } = options;
  choiceOption("dtype", asked, WEIGHT_PRECISIONS);
  checkInterpolate(interpolate);
  const { config, checkpoint, files } = await openModel(source, hubOptionsOf(options));
  try {
    const isQuantized = isStoredAsIntegers(checkpoint);
    if (isQuantized && asked === "float16")
      throw new CheckpointError(
        "checkpoint/dtype",
        `The weights of "${config.name}" are stored as int8, which float16 would not make better. Load them with dtype "int8" or "float32".`,
      );
    const dtype = asked ?? (isQuantized ? "int8" : "float32");
    const chosen = engine === "auto" && dtype !== "float32" ? "vitrail" : engine;
    const engineOptions = { engine: chosen, ...(threads !== undefined && { threads }) };
    return await load({ config, checkpoint, files, engine: engineOptions, dtype, isQuantized });
  } finally {
    await checkpoint.close();
  }
}

/** On the active engine. @returns `backend`: TF.js's name of where the weights are; `dtype`: how they are kept */
function asLayers(
  { config, checkpoint, files, dtype: wanted, isQuantized }: Opened,
  { interpolate = false, dtype: asked, signal }: LoadModelOptions,
) {
  // What nobody asked for can be had as float32 where the engine has no integers.
  const dtype = asked === undefined && getBackend() !== BACKEND_NAME ? "float32" : wanted;
  const model = assembleModel(config, checkpoint, {
    interpolate,
    upload: uploadWeights(uploadToActiveBackend, isQuantized && dtype === "int8" ? "as-stored" : dtype),
    attention: dtype === "int8" ? (config.quantization?.attention ?? "int8") : "float32",
    ...(signal && { signal }),
  });
  return { ...model, backend: getBackend(), files, dtype };
}

async function withOnnxRuntime(
  engine: OnnxEngine,
  source: string,
  { config: described, checkpoint, files, dtype, isQuantized }: Opened,
  options: LoadModelOptions,
) {
  const { interpolate = false, signal } = options;
  const { config, ...fitted } = await closingOnFailure(engine, () => {
    if (dtype === "float16")
      throw new EngineError(
        "engine/dtype",
        'The engine "onnxruntime" computes with float32 or int8 on a processor; "float16" needs the engine "vitrail".',
      );
    return fitCheckpoint(described, checkpoint, interpolate);
  });
  const forward = await OnnxPass.load(
    engine,
    checkpoint,
    { config, ...fitted },
    {
      precision: {
        stored: dtype === "int8" ? "as-integers" : "float32",
        ...(dtype === "int8" && !isQuantized && { blocks: "int8" }),
      },
      open: async () => (await openModel(source, hubOptionsOf(options))).checkpoint,
      async copy() {
        const { config: _, ...transformer } = await loadLayers(source, {
          ...options,
          engine: "auto",
          dtype: "float32",
        });
        return { transformer, forward: new ForwardPass(transformer) };
      },
    },
    signal,
  );
  return { config, forward, files, dtype };
}

async function closingOnFailure<Result>({ thread }: OnnxEngine, work: () => Result): Promise<Result> {
  try {
    return work();
  } catch (error) {
    await thread.close();
    throw error;
  }
}

/** Whether the weights are those of a folder that `quantize` wrote as int8. */
const isStoredAsIntegers = ({ tensors }: Checkpoint) => [...tensors.values()].some(({ dtype }) => dtype === "I8");

/** A model, read as far as its headers. The caller closes the checkpoint. */
export async function openModel(
  source: string,
  options: HubOptions = {},
): Promise<{ config: ModelConfig; checkpoint: Checkpoint; files: string[] }> {
  const place = await locateModel(source, options);
  const config = await readConfig(place, "config.json").catch((error) => explainAdapter(place, error));
  const preprocessor = await readOptionalConfig(place, "preprocessor_config.json");
  const checkpoint = await openCheckpoint(place.weights);
  try {
    return {
      config: readModelConfig({ config, preprocessor, weights: checkpoint.tensors }),
      checkpoint,
      files: [...new Set([...checkpoint.tensors.values()].map(({ file }) => file))],
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

async function readConfig({ root, label }: ModelPlace, name: string): Promise<ConfigFile> {
  return { label: `${label}/${name}`, fields: await readJsonFile(join(root, name)) };
}

/** A folder of PEFT's has no model: it is the change to one. */
async function explainAdapter({ root, label }: ModelPlace, error: unknown): Promise<never> {
  const isThere = await readJsonFile(join(root, "adapter_config.json")).then(
    () => true,
    () => false,
  );
  if (!isThere) throw error;
  throw new CheckpointError(
    "checkpoint/file-missing",
    `"${label}" holds adapters alone (adapter_config.json), not the model that they change. Load the folder that head.save() wrote, ` +
      "which has them merged; or merge them in Python with PEFT's merge_and_unload() and save_pretrained().",
    { cause: error, details: { path: join(root, "config.json") } },
  );
}

async function readOptionalConfig(place: ModelPlace, name: string): Promise<ConfigFile | undefined> {
  try {
    return await readConfig(place, name);
  } catch (error) {
    if (error instanceof VitrailError && error.code === "checkpoint/file-missing") return undefined;
    throw error;
  }
}

function checkInterpolate(value: unknown): asserts value is Interpolation {
  const isSide = (side: unknown) => Number.isSafeInteger(side) && (side as number) > 0;
  if (typeof value === "boolean" || isSide(value)) return;
  const { height, width } = (value ?? {}) as { height?: unknown; width?: unknown };
  if (!isSide(height) || !isSide(width))
    choiceOption("interpolate", "?", ["true", "false", "a size in pixels", "{ height, width }"]);
}
