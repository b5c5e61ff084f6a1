import { InputError } from "../errors.js";
import type { VisionTransformerConfig } from "../models/vision-transformer.js";
import { scoresOf } from "./classification.js";
import { type EmbeddingOptions, unitLength } from "./embedding.js";
import type { NumericArray } from "./pass.js";

/**
 * What a pass can give, by name:
 * `logits`, `probabilities` `[classes]`; `embedding` `[width]`, as `embed` gives it; `tokens` `[tokens, width]`, what the embedding is
 * made of; `hidden.0` (after the positions) to `hidden.depth` (after the last block, before the final norm) `[tokens, width]`;
 * `attention.0` to `attention.(depth - 1)`: softmax weights `[heads, tokens, tokens]`.
 */
export type OutputName =
  | "logits"
  | "probabilities"
  | "embedding"
  | "tokens"
  | `hidden.${number}`
  | `attention.${number}`;

/** The transformer's own output that an asked one is made of. */
function sourceOf(name: string, pool: NonNullable<EmbeddingOptions["pool"]>): string {
  if (name === "probabilities") return "logits";
  return name === "embedding" ? pool : name;
}

/**
 * The transformer's outputs that are needed for the asked ones.
 *
 * @throws InputError `input/output` for a name that this model does not have
 */
export function sourcesOf(
  names: readonly string[],
  pool: NonNullable<EmbeddingOptions["pool"]>,
  config: VisionTransformerConfig,
): string[] {
  if (!Array.isArray(names) || names.length === 0)
    throw new InputError("input/output", `"outputs" must list at least one output, such as ["logits"].`);
  for (const name of names) if (!hasOutput(name, config)) throw unknownOutput(name, config);
  return [...new Set(names.map((name) => sourceOf(name, pool)))];
}

function hasOutput(name: unknown, { classes, depth }: VisionTransformerConfig): boolean {
  if (name === "logits" || name === "probabilities") return classes > 0;
  if (name === "embedding" || name === "tokens") return true;
  const [, kind, digits] = /^(hidden|attention)\.(0|[1-9]\d{0,3})$/.exec(String(name)) ?? [];
  return kind !== undefined && Number(digits) < depth + (kind === "hidden" ? 1 : 0);
}

function unknownOutput(name: unknown, { classes, depth }: VisionTransformerConfig): InputError {
  const head = classes > 0 ? `"logits", "probabilities", ` : "";
  const encoder = classes > 0 ? "" : " It is an encoder without a classifier.";
  return new InputError(
    "input/output",
    `This model has no output ${JSON.stringify(name)}.${encoder} There are ${head}"embedding", "tokens", "hidden.0" to "hidden.${depth}" and "attention.0" to "attention.${depth - 1}".`,
    { details: { output: name } },
  );
}

/** The asked outputs of one picture out of a batch's results. */
export function outputsOf(
  results: ReadonlyMap<string, NumericArray>,
  index: number,
  names: readonly OutputName[],
  options: { activation: "softmax" | "sigmoid"; pool: NonNullable<EmbeddingOptions["pool"]>; normalize: boolean },
): Record<string, NumericArray> {
  const outputs: Record<string, NumericArray> = {};
  for (const name of names) {
    const { data, shape } = pictureOf(results.get(sourceOf(name, options.pool))!, index);
    if (name === "probabilities")
      outputs[name] = { data: Float32Array.from(scoresOf(data, options.activation)), shape };
    else if (name === "embedding" && options.normalize) outputs[name] = { data: unitLength(data), shape };
    else outputs[name] = { data, shape };
  }
  return outputs;
}

/** One picture's part, as memory of its own. `[batch, ...]` → `[...]` */
function pictureOf({ data, shape }: NumericArray, index: number): NumericArray {
  const [batch, ...rest] = shape as [number, ...number[]];
  const size = data.length / batch;
  return { data: batch === 1 ? data : data.slice(index * size, (index + 1) * size), shape: rest };
}
