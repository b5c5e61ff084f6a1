import { JsonSyntaxError, JsonTokens } from "./json-tokens.js";
import { isSafePath } from "./safe-path.js";
import { quote, weightsError } from "./weights-error.js";

/** What an index of shards says. */
export interface ShardIndex {
  /** Name of a tensor -> the shard's path, relative to the index's folder, with forward slashes. */
  readonly shardOf: Map<string, string>;
  /** `metadata.total_size`: bytes of all tensors. Informative; undefined when absent or no number. */
  readonly totalBytes: number | undefined;
  /** Whether there is a `metadata` object, as transformers requires. */
  readonly hasMetadata: boolean;
}

/**
 * Reads a `model.safetensors.index.json`.
 *
 * @throws WeightsFileError `weights/index`, `weights/index-empty`, `weights/duplicate-key`, `weights/shard-path`, `weights/other-format`
 */
export function parseShardIndex(json: Uint8Array, label: string): ShardIndex {
  const shardOf = new Map<string, string>();
  let totalBytes: number | undefined;
  let hasMetadata = false;
  let hasMap = false;
  const malformed = (sentence: string, cause?: unknown) =>
    weightsError("weights/index", label, `${sentence} Download it again, or write it anew.`, { cause });

  const tokens = new JsonTokens(json);
  const expectObject = (what: string) => {
    if (tokens.peek() !== "object") throw malformed(`has ${what} that is ${tokens.peek()} in JSON; wanted an object.`);
  };
  try {
    expectObject("a root");
    tokens.readObject((key) => {
      if (key === "weight_map") {
        hasMap = true;
        expectObject('a "weight_map"');
        tokens.readObject((name) => {
          if (tokens.peek() !== "string")
            throw malformed(`maps ${quote(name)} to ${tokens.peek()}; wanted the name of a file.`);
          shardOf.set(name, checkShardPath(tokens.readString(), name, label));
        });
      } else if (key === "metadata" && tokens.peek() === "object") {
        hasMetadata = true;
        tokens.readObject((field) => {
          if (field === "total_size" && tokens.peek() === "number") totalBytes = Number(tokens.readNumber());
          else tokens.skipValue();
        });
      } else tokens.skipValue();
    });
    tokens.expectEnd();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    if (error.kind === "duplicate-key")
      throw weightsError("weights/duplicate-key", label, `is ambiguous: ${error.message}. Write it anew.`);
    throw malformed(`is broken: ${error.message} (byte ${error.offset}).`, error);
  }
  if (!hasMap) throw malformed('has no "weight_map".');
  if (shardOf.size === 0)
    throw weightsError(
      "weights/index-empty",
      label,
      "names no tensor in its weight_map. Download it again, or write it anew.",
    );
  return { shardOf, totalBytes, hasMetadata };
}

/** Only what is plainly a safetensors file below the index's folder, spelled alike on every system. */
function checkShardPath(path: string, tensor: string, label: string): string {
  const details = { tensor, shard: path };
  if (!isSafePath(path))
    throw weightsError(
      "weights/shard-path",
      label,
      `puts tensor ${quote(tensor)} into ${quote(path)}; wanted the name of a file inside its folder. Do not trust this checkpoint.`,
      { details },
    );
  if (!path.endsWith(".safetensors") && !path.endsWith(".SAFETENSORS"))
    throw weightsError(
      "weights/other-format",
      label,
      `puts tensor ${quote(tensor)} into ${quote(path)}; wanted shards that are .safetensors files. Convert the checkpoint with Python's save_pretrained(safe_serialization=True).`,
      { details },
    );
  return path;
}
