import { WeightsFileError } from "../errors.js";

/**
 * Every code of a `WeightsFileError`, one a rule. They are API: a new rule gets a new code, an old code keeps its meaning.
 * `docs/formats/safetensors.md` says the rules in full.
 */
export const WEIGHTS_CODES = {
  "weights/header-too-small": "fewer than 8 bytes: not even the header's length is there",
  "weights/header-too-large": "the header's length is above 100,000,000 (or the caller's limit)",
  "weights/header-cut": "the file ends inside the header",
  "weights/not-utf8": "a string of the header is not strict UTF-8",
  "weights/not-json": "the header is not one strict JSON object",
  "weights/too-deep": "values nest deeper than 127 levels",
  "weights/duplicate-key": "a key stands twice in one object",
  "weights/metadata": "`__metadata__` is neither null nor a map from strings to strings",
  "weights/tensor-info": "a tensor's description lacks dtype, shape or data_offsets, or one is of the wrong kind",
  "weights/unknown-dtype": "a dtype that the format does not have",
  "weights/not-an-integer": "a size or an offset is no plain integer from 0 to 2^64 - 1",
  "weights/offsets": "a tensor's bytes do not begin where those of the one before end, or end before they begin",
  "weights/size-overflow": "shape times dtype does not fit 64 bits",
  "weights/size-not-whole-bytes": "shape times dtype is no whole number of bytes",
  "weights/size-mismatch": "shape times dtype differs from the length of data_offsets",
  "weights/data-cut": "the file ends before the last tensor does",
  "weights/trailing-bytes": "bytes follow the last tensor",
  "weights/too-many-tensors": "more tensors than the limit",
  "weights/name-too-long": "a tensor's name is longer than the limit",
  "weights/other-format": "the file is no safetensors file but something that we recognize",
  "weights/not-found": "no such file or folder, or a link to one that is gone",
  "weights/not-a-file": "a folder, socket, pipe or device stands where a weights file should",
  "weights/unreadable": "the operating system refuses to read the file",
  "weights/none-in-folder": "the folder has no weights that we read",
  "weights/index": "the index of shards is no JSON object with a `weight_map` from names to file names",
  "weights/index-empty": "the index names no tensor",
  "weights/shard-path": "the index names a shard that is not plainly a file inside the folder",
  "weights/shard-missing": "a shard that the index names is not there",
  "weights/tensor-not-in-shard": "the index promises a tensor in a shard that does not hold it",
  "weights/duplicate-tensor": "two shards hold a tensor of one name with different contents",
  "weights/file-changed": "the file was changed or cut while it was open",
  "weights/out-of-memory": "no room for the bytes of a tensor",
  "weights/writer-name": "a tensor can't be called that",
  "weights/writer-bytes": "a tensor to be written has not the bytes that its shape needs",
  "weights/writer-failed": "the file can't be written",
  "weights/unsupported-dtype": "the dtype has no conversion to float32",
  "weights/inexact": "a value has no exact float32",
} as const;

/** A code that a `WeightsFileError` of `src/io` carries. */
export type WeightsCode = keyof typeof WEIGHTS_CODES;

/**
 * @param label what the file is called in the message, without quotes
 * @param sentence what was found, wanted and to be done; follows the quoted label
 */
export function weightsError(
  code: WeightsCode,
  label: string,
  sentence: string,
  options: { details?: Record<string, unknown>; cause?: unknown } = {},
): WeightsFileError {
  return new WeightsFileError(code, `${quote(label)} ${sentence}`, {
    details: { file: label, ...options.details },
    cause: options.cause,
  });
}

/** A name from a file as it may stand in a message: one line, escaped, at most 120 characters. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
}
