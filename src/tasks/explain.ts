import { InputError } from "../errors.js";
import type { Image } from "../images/image.js";
import { overlayHeat } from "../images/overlay-heat.js";
import { seenRegion } from "../images/prepare.js";
import { type ImageInput, readImage } from "./image-input.js";
import { checkOptionNames } from "./options.js";
import type { OutputName } from "./outputs.js";
import type { NumericArray } from "./pass.js";
import type { VisionModel } from "./vision-model.js";

export interface Explanation {
  /** How much of what the model answers with flows in from each patch; with the class token's own part, all add up to 1. `[rows, columns]` */
  heat: NumericArray;
  /** The picture with the heat over it. */
  image: Image;
}

/**
 * Where a model looks: attention rollout over a picture, out of one forward pass. It says which patches reach the pooled token through the
 * attention of all blocks; it does not say which label they speak for.
 *
 * @throws InputError `input/…` for what is no picture; ImageError for a broken one
 */
export async function explain(
  model: VisionModel,
  input: ImageInput,
  options: { signal?: AbortSignal } = {},
): Promise<Explanation> {
  checkOptionNames(options, ["signal"]);
  const { architecture, preprocessing } = model.config;
  const picture = await readImage(input, options);
  const names = Array.from({ length: architecture.depth }, (_, block): OutputName => `attention.${block}`);
  const outputs = await model.run(picture, { outputs: names, ...options });
  const weights = attentionRollout(
    names.map((name) => outputs[name]!),
    architecture.pool === "mean" ? "mean" : "class",
  );
  const columns = architecture.image.width / architecture.patch.width;
  const rows = architecture.image.height / architecture.patch.height;
  const heat = { data: weights.slice(weights.length - rows * columns), shape: [rows, columns] };
  const region = seenRegion(picture, preprocessing);
  return { heat, image: overlayHeat(picture, { data: heat.data, width: columns, height: rows }, region) };
}

/**
 * Attention rollout (Abnar and Zuidema 2020): each block passes on half of a token by its residual path and half by the mean of its heads'
 * attention; the blocks' matrices multiply. Only the pooled tokens' row of the product is computed, which takes a vector times a matrix a block.
 *
 * @param attentions softmax weights of each block, first block first, `[heads, tokens, tokens]` each
 * @param pool "class": the row of the class token, which is the first; "mean": the mean of all rows but the first
 * @returns the share of each token, `[tokens]`; they add up to 1
 * @throws InputError `input/attention`
 */
export function attentionRollout(attentions: readonly NumericArray[], pool: "class" | "mean"): Float32Array {
  const tokens = attentions[0]?.shape.at(-1) ?? 0;
  const wanted = (shape: readonly number[]) => shape.length === 3 && shape[1] === tokens && shape[2] === tokens;
  if (tokens < 2 || !attentions.every(({ data, shape }) => wanted(shape) && data.length === shape[0]! * tokens ** 2))
    throw new InputError(
      "input/attention",
      "Attention must come as [heads, tokens, tokens] of every block, all with the same tokens.",
    );
  let row = new Float64Array(tokens);
  if (pool === "class") row[0] = 1;
  else row.fill(1 / (tokens - 1), 1);
  for (const { data, shape } of [...attentions].reverse()) {
    const heads = shape[0]!;
    const next = row.map((value) => value / 2);
    for (let head = 0; head < heads; head++)
      for (let from = 0; from < tokens; from++) {
        const share = row[from]! / (2 * heads);
        const start = (head * tokens + from) * tokens;
        for (let to = 0; to < tokens; to++) next[to]! += share * data[start + to]!;
      }
    row = next;
  }
  return Float32Array.from(row);
}
