import { InputError } from "../errors.js";
import type { VisionTransformerConfig } from "../models/vision-transformer.js";
import { type EmbeddingOptions, unitLength } from "./embedding.js";
import { wholeOption } from "./options.js";
import type { OutputName } from "./outputs.js";
import type { NumericArray } from "./pass.js";

export interface FeatureOptions extends EmbeddingOptions {
  /** After which block, from 0 (before the first one) to the depth. Default: at the end, as the classifier reads them. */
  layer?: number;
}

/** What a model sees in a picture, out of one forward pass. */
export interface Features {
  /** One vector for all of it, as `embed` gives it; with `layer` pooled from that block's tokens, before any final norm. `[width]` */
  embedding: Float32Array;
  /** A vector for each patch, as they lie in the picture that the model sees. `[rows, columns, width]` */
  patches: NumericArray;
  /** Only of a model with a classifier. `[classes]` */
  logits?: Float32Array;
}

/**
 * The outputs of a pass that features are made of.
 *
 * @throws InputError `input/option`
 */
export function featureSources({ layer, pool }: FeatureOptions, config: VisionTransformerConfig): OutputName[] {
  wholeOption("layer", layer, 0, config.depth);
  if (layer !== undefined && pool === "pooler")
    throw new InputError(
      "input/option",
      `A "pooler" reads the last tokens only. Leave "layer" out, or pool "class" or "mean".`,
    );
  const logits: OutputName[] = config.classes > 0 ? ["logits"] : [];
  return layer === undefined ? ["embedding", "tokens", ...logits] : [`hidden.${layer}`, ...logits];
}

/** @param outputs of one picture, those that `featureSources` names */
export function featuresOf(
  outputs: Readonly<Record<string, NumericArray>>,
  { layer, pool, normalize = true }: FeatureOptions,
  config: VisionTransformerConfig,
): Features {
  const { data, shape } = outputs[layer === undefined ? "tokens" : `hidden.${layer}`]!;
  const width = shape[1]!;
  const rows = config.image.height / config.patch.height;
  const columns = config.image.width / config.patch.width;
  const patches = { data: data.slice(data.length - rows * columns * width), shape: [rows, columns, width] };
  const own = () => ((pool ?? config.pool) === "mean" ? meanOf(patches.data, width) : data.slice(0, width));
  const vector = outputs.embedding?.data ?? (normalize ? unitLength(own()) : own());
  return { embedding: vector, patches, ...(outputs.logits && { logits: outputs.logits.data }) };
}

/** `[patches, width]` → `[width]` */
function meanOf(patches: Float32Array, width: number): Float32Array {
  const sum = new Float64Array(width);
  for (const [i, value] of patches.entries()) sum[i % width]! += value;
  return Float32Array.from(sum, (value) => (value * width) / patches.length);
}
