import { CheckpointError } from "../errors.js";
import type { ConfigFile } from "./config-fields.js";

/** What `quantize` did to a model's weights: `quantization_config` of its `config.json`, see `docs/formats/quantized-folder.md`. */
export interface Quantization {
  /** How the matrices of the blocks are stored, but for those that are kept. */
  dtype: "int8";
  /** The products within the attentions. */
  attention: "int8" | "float32";
  /** Names in the checkpoint, without ".weight", of matrices that stayed as they were. */
  kept: string[];
}

/** What marks the entry as ours. */
const QUANT_METHOD = "vitrail";
const VERSION = 1;

/** The entry as it stands in `config.json`. */
export function quantizationEntry({ dtype, attention, kept }: Quantization): Record<string, unknown> {
  return { quant_method: QUANT_METHOD, version: VERSION, dtype, attention, kept };
}

/**
 * What `config.json` says of our quantization; nothing for other programs', whose weights are read or refused by their dtypes.
 *
 * @throws CheckpointError `checkpoint/config`
 */
export function readQuantization({ fields, label }: ConfigFile): Quantization | undefined {
  const entry = fields.quantization_config as Record<string, unknown> | null | undefined;
  if (typeof entry !== "object" || entry === null || entry.quant_method !== QUANT_METHOD) return undefined;
  const fail = (field: string, wanted: string) =>
    new CheckpointError(
      "checkpoint/config",
      `"quantization_config.${field}" of ${label} is ${JSON.stringify(entry[field])}; wanted ${wanted}. Quantize the model again with this version.`,
      { details: { field: `quantization_config.${field}` } },
    );
  const { version, dtype, attention, kept } = entry;
  if (version !== VERSION) throw fail("version", String(VERSION));
  if (dtype !== "int8") throw fail("dtype", '"int8"');
  if (attention !== "int8" && attention !== "float32") throw fail("attention", '"int8" or "float32"');
  if (!Array.isArray(kept) || !kept.every((name) => typeof name === "string")) throw fail("kept", "a list of names");
  return { dtype, attention, kept };
}
