import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../errors.js";
import { checkShards } from "./check-shards.js";
import { type Checkpoint, FileCheckpoint, type OpenShard } from "./checkpoint.js";
import { findWeights } from "./find-weights.js";
import { RECOGNIZED_BYTES } from "./foreign-format.js";
import { PositionalFile } from "./positional-file.js";
import { explainForeignFile } from "./read-safetensors.js";
import { defaultLimits, PREFIX_BYTES, parseHeader, type ReaderLimits, readHeaderLength } from "./safetensors-header.js";
import { parseShardIndex, type ShardIndex } from "./shard-index.js";
import { quote, weightsError } from "./weights-error.js";

/** Longest index that we read: some 300,000 tensors. */
const INDEX_BYTES = 64e6;

/**
 * Opens a checkpoint and proves its headers; tensors stay on the disk until they are asked for.
 *
 * @param fileOrFolder a safetensors file, an index of shards, or a folder with `model.safetensors` or with
 *   `model.safetensors.index.json` and its shards. Links are followed, as the Hub's cache needs
 * @throws WeightsFileError see `docs/formats/safetensors.md`
 * @throws InputError `input/not-a-path`
 */
export async function openCheckpoint(
  fileOrFolder: string | URL,
  limits: Partial<ReaderLimits> = {},
): Promise<Checkpoint> {
  const allLimits = { ...defaultLimits(), ...limits };
  const path = await findWeights(asPath(fileOrFolder));
  if (!path.endsWith(".index.json")) return new FileCheckpoint([await openShard(path, allLimits)], [], () => true);

  const index = await readIndex(path);
  const shards: OpenShard[] = [];
  try {
    for (const name of new Set(index.shardOf.values())) shards.push(await openIndexed(path, name, allLimits));
    const warnings = await checkShards(path, index, shards);
    const shardPath = (tensor: string) => join(dirname(path), index.shardOf.get(tensor) ?? "");
    return new FileCheckpoint(shards, warnings, (tensor, shard) => shard.file.path === shardPath(tensor));
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.file.close()));
    throw error;
  }
}

async function openShard(path: string, limits: ReaderLimits): Promise<OpenShard> {
  const file = await PositionalFile.open(path);
  const head = new Uint8Array(Math.min(RECOGNIZED_BYTES, file.bytes));
  try {
    await file.readInto(head, 0);
    const headerBytes = readHeaderLength(head.subarray(0, PREFIX_BYTES), file.bytes, path, limits);
    const json = new Uint8Array(headerBytes);
    await file.readInto(json, PREFIX_BYTES);
    const dataBegin = PREFIX_BYTES + headerBytes;
    const { metadata, tensors } = parseHeader(json, file.bytes - dataBegin, path, limits);
    const moved = [...tensors].map(
      ([name, { dtype, shape, begin, end }]) =>
        [name, { dtype, shape, begin: dataBegin + begin, end: dataBegin + end }] as const,
    );
    return { file, metadata, tensors: new Map(moved) };
  } catch (error) {
    await file.close();
    throw explainForeignFile(error, head, path);
  }
}

async function readIndex(path: string): Promise<ShardIndex> {
  const file = await PositionalFile.open(path);
  try {
    if (file.bytes > INDEX_BYTES)
      throw weightsError(
        "weights/index",
        path,
        `has ${file.bytes} bytes; an index has at most ${INDEX_BYTES}. Download it again.`,
      );
    const json = new Uint8Array(file.bytes);
    await file.readInto(json, 0);
    return parseShardIndex(json, path);
  } finally {
    await file.close();
  }
}

async function openIndexed(indexPath: string, name: string, limits: ReaderLimits): Promise<OpenShard> {
  const path = join(dirname(indexPath), name);
  // By listing: some file systems would open "MODEL.SAFETENSORS" for "model.safetensors".
  const siblings = await readdir(dirname(path)).catch((): string[] => []);
  if (!siblings.includes(basename(path)))
    throw weightsError(
      "weights/shard-missing",
      indexPath,
      `names the shard ${quote(name)}, which is not there. The download is incomplete: load the model again.`,
      { details: { shard: name } },
    );
  return openShard(path, limits);
}

function asPath(fileOrFolder: unknown): string {
  if (fileOrFolder instanceof URL && fileOrFolder.protocol === "file:") return fileURLToPath(fileOrFolder);
  if (typeof fileOrFolder === "string" && fileOrFolder !== "" && !fileOrFolder.includes("\0")) return fileOrFolder;
  const found = typeof fileOrFolder === "string" ? JSON.stringify(fileOrFolder) : typeof fileOrFolder;
  throw new InputError(
    "input/not-a-path",
    `openCheckpoint got ${found}; wanted the path of a file or a folder. For bytes in memory, use readSafetensors.`,
  );
}
