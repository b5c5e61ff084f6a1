import { CheckpointError } from "../errors.js";
import type { StoredWeight } from "./checkpoint-names.js";

export interface Misfits {
  /** Our names. */
  missing: string[];
  /** Names in the file. */
  unexpected: string[];
  misshapen: { name: string; found: readonly number[]; wanted: readonly number[] }[];
}

/** How many names a message lists of each kind; `details` has them all. */
const SHOWN = 6;

/** What the weights were to fit, for people. */
export interface Target {
  /** Continues "The weights do not fit …". */
  model: string;
  advice: string;
}

/**
 * One error that says all that does not fit, and what the file may be instead.
 *
 * @param target default: the vision transformer of a checkpoint's own folder
 */
export function mismatchError(
  misfits: Misfits,
  stored: ReadonlyMap<string, StoredWeight>,
  target?: Target,
): CheckpointError {
  const shapes = misfits.misshapen.map(({ name, found, wanted }) => `"${name}" is [${found}], wanted [${wanted}]`);
  const quoted = (names: string[]) => names.map((name) => `"${name}"`);
  const lines = [
    listed("missing", quoted(misfits.missing)),
    listed("unexpected", quoted(misfits.unexpected)),
    listed("misshapen", shapes),
  ].filter((line) => line !== undefined);
  const guess = target ? undefined : guessModel(stored);
  const { model, advice } = target ?? {
    model: "the model that config.json describes",
    advice: "Use the config.json and the weights of one and the same model.",
  };
  return new CheckpointError(
    "checkpoint/mismatch",
    `The weights do not fit ${model}.\n${lines.join("\n")}\n${guess ?? advice}`,
    { details: { ...misfits, ...(guess && { guess }) } },
  );
}

function listed(kind: string, entries: string[]): string | undefined {
  if (entries.length === 0) return undefined;
  const more = entries.length > SHOWN ? `, … (${entries.length} in all)` : "";
  return `  ${kind}: ${entries.slice(0, SHOWN).join(", ")}${more}`;
}

/** Marks of models whose files are often mistaken for these. */
const MARKS: [mark: RegExp, model: string][] = [
  [/(^|\.)layer_scale1?\.lambda1$|\.ls1\.gamma$/, "a DINOv2 model or another ViT with layer scale"],
  [/(^|\.)(text_model|vision_model)\.|^visual\./, "a CLIP model"],
  [/relative_position_bias_table|\.swin\.|^swin\./, "a Swin or BEiT model"],
  [/distillation_token|^dist_token$/, "a distilled DeiT model"],
  [/\.running_mean$/, "a convolutional network"],
  [/\.attn\.inner_attn_ln\.|\.attn\.norm\./, "an EVA-02 CLIP model (with a norm inside the attention)"],
];

function guessModel(stored: ReadonlyMap<string, StoredWeight>): string | undefined {
  const names = [...stored.values()].map(({ name }) => name);
  for (const [mark, model] of MARKS)
    if (names.some((name) => mark.test(name))) return `The file looks like ${model}, which is not supported.`;
  const blocks =
    1 + Math.max(-1, ...[...stored.keys()].map((name) => Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1)));
  const width = stored.get("cls_token")?.shape.at(-1);
  if (blocks === 0 || width === undefined)
    return "The file holds no vision transformer, or one whose names are not known.";
  const gated = stored.has("blocks.0.mlp.fc1_g.weight") || stored.has("blocks.0.mlp.norm.weight");
  return `The file holds ${gated ? "an EVA-02" : "a ViT"} with ${blocks} blocks of width ${width}. Use the config.json that belongs to it.`;
}
