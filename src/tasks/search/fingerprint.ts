import { createHash } from "node:crypto";
import { InputError } from "../../errors.js";
import type { EmbeddingOptions } from "../embedding.js";
import { sha256Of } from "../inspect-model.js";
import type { VisionModel } from "../vision-model.js";

/**
 * What makes a model's vectors comparable, in one line: the weights' files and how they are kept, the architecture, the preprocessing and the pooling. Two models with the
 * same fingerprint give the same vectors; an index keeps it, and refuses another's.
 *
 * @param options as they are given to `embed`
 * @throws InputError `input/no-files` for a model that was not loaded from files
 */
export async function fingerprintOf(
  model: VisionModel,
  { pool, normalize = true }: EmbeddingOptions = {},
): Promise<string> {
  const { name, architecture, preprocessing } = model.config;
  if (model.files.length === 0)
    throw new InputError(
      "input/no-files",
      `"${name}" was not loaded from files. Give the index a fingerprint of your own.`,
    );
  const weights = await Promise.all(model.files.map(sha256Of));
  const facts = {
    ...{ weights, architecture, preprocessing, pool: pool ?? architecture.pool, normalize },
    ...(model.dtype !== "float32" && { dtype: model.dtype }),
  };
  const hash = createHash("sha256").update(JSON.stringify(facts, sorted)).digest("hex");
  return `${name}:${hash.slice(0, 32)}`;
}

/** Objects with their keys in order, so that equal facts are equal text. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
