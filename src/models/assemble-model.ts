import { CheckpointError } from "../errors.js";
import type { Checkpoint } from "../io/checkpoint.js";
import { toFloat32 } from "../io/to-float32.js";
import type { AttentionPrecision } from "../ops/attention.js";
import { type StoredWeight, translateNames } from "./checkpoint-names.js";
import { disposeModel } from "./dispose-model.js";
import { type ComputedWeight, type LoadWeightsOptions, loadWeights } from "./load-weights.js";
import { mismatchError } from "./mismatch-error.js";
import type { ModelConfig, Preprocessing } from "./model-config.js";
import { resizePositions } from "./resize-positions.js";
import {
  gridOf,
  type Size,
  type VisionTransformer,
  type VisionTransformerConfig,
  visionTransformer,
} from "./vision-transformer.js";

/** Whether and to which size positions are resampled: to the preprocessing's, or to this one in pixels. */
export type Interpolation = boolean | number | Size;

/** Attention grows with the square of the tokens: this many fill 3 GB a head and layer. */
const MOST_TOKENS = 16_384;

export interface AssembleOptions extends Pick<LoadWeightsOptions, "upload" | "signal"> {
  interpolate?: Interpolation;
  /** Of the products within the attentions, default `"float32"`. */
  attention?: AttentionPrecision;
}

/** A checkpoint that was found to fit its config, as far as that can be told before a layer is made. */
export interface FittedCheckpoint {
  /** For the pictures' size that was asked for. */
  config: ModelConfig;
  /** By our names. */
  weights: ReadonlyMap<string, StoredWeight>;
  /** Values that are made from the checkpoint instead of read from it, by our names: resampled positions. */
  computed: ReadonlyMap<string, ComputedWeight>;
}

/**
 * Looks which weight of a checkpoint is which, and at what size the model is to run.
 *
 * @throws CheckpointError `checkpoint/mismatch`, `checkpoint/size`, `checkpoint/config`
 */
export function fitCheckpoint(
  described: ModelConfig,
  checkpoint: Checkpoint,
  interpolate: Interpolation = false,
): FittedCheckpoint {
  const config = interpolate === false ? described : resized(described, interpolate);
  checkSizes(config);
  const { weights, duplicates } = translateNames(checkpoint.tensors, {
    gated: config.architecture.mlp.kind !== "plain",
    unused: config.unusedWeights,
  });
  if (duplicates.length > 0)
    throw new CheckpointError(
      "checkpoint/mismatch",
      `"${duplicates[0]![0]}" and "${duplicates[0]![1]}" are two spellings of one weight. Keep one of them.`,
      { details: { duplicates } },
    );
  // Before a layer is made: a config that promises more than the file holds must not cost memory.
  checkDimensions(described.architecture, weights);
  return { config, weights, computed: resampledPositions(described, config, checkpoint, weights) };
}

/**
 * Builds the model that a checkpoint's config describes and fills it with the checkpoint's weights; disposes it again when they do not fit.
 *
 * @throws what `fitCheckpoint` and `loadWeights` throw
 */
export function assembleModel(
  described: ModelConfig,
  checkpoint: Checkpoint,
  { interpolate, attention, ...options }: AssembleOptions = {},
): { config: ModelConfig; transformer: VisionTransformer } {
  const { config, weights, computed } = fitCheckpoint(described, checkpoint, interpolate);
  const transformer = visionTransformer(config.architecture, attention);
  try {
    loadWeights(transformer.model, checkpoint, weights, { ...options, computed });
    return { config, transformer };
  } catch (error) {
    disposeModel(transformer.model);
    throw error;
  }
}

/** The config for pictures of another size. */
function resized(config: ModelConfig, interpolate: true | number | Size): ModelConfig {
  if (interpolate === true) {
    const image = outputSize(config.preprocessing) ?? config.architecture.image;
    return { ...config, architecture: { ...config.architecture, image } };
  }
  const image = typeof interpolate === "number" ? { height: interpolate, width: interpolate } : interpolate;
  const { resize, centerCrop: _, ...rest } = config.preprocessing;
  const preprocessing = { ...rest, resize: { ...image, filter: resize?.filter ?? ("bicubic" as const) } };
  return { ...config, preprocessing, architecture: { ...config.architecture, image } };
}

/** The size that the preprocessing always gives, if there is one. */
function outputSize({ resize, centerCrop }: Preprocessing): Size | undefined {
  if (centerCrop) return centerCrop;
  return resize && "height" in resize ? { height: resize.height, width: resize.width } : undefined;
}

function checkSizes({ architecture: { image, patch, width, heads, rotary }, preprocessing }: ModelConfig): void {
  const fail = (message: string) =>
    new CheckpointError("checkpoint/size", message, { details: { image, patch, width, heads } });
  if (width % heads !== 0)
    throw fail(`A width of ${width} can't be split into ${heads} heads. config.json is damaged or of another model.`);
  if (rotary && (width / heads) % 4 !== 0)
    throw fail(`Rotary positions need heads of a multiple of 4 channels; found ${width / heads}.`);
  const { rows, columns } = gridOf({ image, patch });
  if (rows < 1 || columns < 1)
    throw fail(
      `A picture of ${image.height} x ${image.width} pixels holds no patch of ${patch.height} x ${patch.width}.`,
    );
  if (rows * columns > MOST_TOKENS)
    throw fail(
      `${image.height} x ${image.width} pixels are ${rows * columns} patches; at most ${MOST_TOKENS} are computed. Use a smaller size.`,
    );
  if (!preprocessing.resize && !preprocessing.centerCrop) return; // pictures come in the right size or are refused
  const given = outputSize(preprocessing);
  if (!given || given.height !== image.height || given.width !== image.width)
    throw fail(
      `The preprocessing gives ${given ? `${given.height} x ${given.width} pixels` : "pictures of any size"}, the model takes ${image.height} x ${image.width}. Load it with { interpolate: true } or { interpolate: ${image.height} }.`,
    );
}

/** Compares the config with the few tensors that fix every dimension. */
function checkDimensions(c: VisionTransformerConfig, weights: ReadonlyMap<string, StoredWeight>): void {
  const grid = gridOf(c);
  const inner = c.mlp.kind === "plain" ? "fc1" : "fc1_g";
  const wanted = new Map<string, number[]>([
    ["cls_token", [1, 1, c.width]],
    ["pos_embed", [1, 1 + grid.rows * grid.columns, c.width]],
    ["patch_embed.proj.weight", [c.width, 3, c.patch.height, c.patch.width]],
    [`blocks.${c.depth - 1}.mlp.${inner}.weight`, [c.mlp.hidden, c.width]],
    ...(c.classes > 0 ? [["head.weight", [c.classes, c.headHidden ?? c.width]] as [string, number[]]] : []),
  ]);
  const missing = [...wanted.keys()].filter((name) => !weights.has(name));
  const misshapen = [...wanted].flatMap(([name, shape]) => {
    const stored = weights.get(name);
    return !stored || String(stored.shape) === String(shape)
      ? []
      : [{ name: stored.name, found: stored.shape, wanted: shape }];
  });
  if (missing.length + misshapen.length > 0) throw mismatchError({ missing, unexpected: [], misshapen }, weights);
}

function resampledPositions(
  described: ModelConfig,
  config: ModelConfig,
  checkpoint: Checkpoint,
  weights: ReadonlyMap<string, StoredWeight>,
) {
  const from = gridOf(described.architecture);
  const to = gridOf(config.architecture);
  const computed = new Map<string, ComputedWeight>();
  if (from.rows === to.rows && from.columns === to.columns) return computed;
  const { name, dtype, shape } = weights.get("pos_embed")!;
  const bytes = new Uint8Array(checkpoint.tensors.get(name)!.byteLength);
  checkpoint.readIntoSync(name, bytes);
  const values = resizePositions(toFloat32(bytes, dtype as never), from, to, config.positionFilter);
  return computed.set("pos_embed", { shape: [1, 1 + to.rows * to.columns, shape[2]!], values });
}
