import { dirname, join } from "node:path";
import type { OpenShard } from "./checkpoint.js";
import type { ShardIndex } from "./shard-index.js";
import { quote, weightsError } from "./weights-error.js";

/**
 * Checks that every tensor of an index is in its shard and that no two shards disagree about one. Copies that are equal to the
 * byte pass: whichever a reader takes, the model is the same.
 *
 * @returns what is odd but harmless, as sentences
 * @throws WeightsFileError `weights/tensor-not-in-shard`, `weights/duplicate-tensor`
 */
export async function checkShards(indexPath: string, index: ShardIndex, shards: OpenShard[]): Promise<string[]> {
  const folder = dirname(indexPath);
  const byPath = new Map(shards.map((shard) => [shard.file.path, shard]));
  for (const [tensor, shard] of index.shardOf)
    if (!byPath.get(join(folder, shard))!.tensors.has(tensor))
      throw weightsError(
        "weights/tensor-not-in-shard",
        indexPath,
        `promises the tensor ${quote(tensor)} in ${quote(shard)}, which does not hold it. Index and shards are not of one checkpoint: load the model again.`,
        { details: { tensor, shard } },
      );

  const holder = new Map<string, OpenShard>();
  let unlisted = 0;
  let bytes = 0;
  for (const shard of shards)
    for (const [tensor, { begin, end }] of shard.tensors) {
      const listed = index.shardOf.get(tensor);
      if (listed === undefined) unlisted++;
      else if (join(folder, listed) === shard.file.path) bytes += end - begin;
      const first = holder.get(tensor);
      if (first === undefined) holder.set(tensor, shard);
      else if (!(await sameTensor(first, shard, tensor)))
        throw weightsError(
          "weights/duplicate-tensor",
          indexPath,
          `has two different tensors ${quote(tensor)}, in ${quote(first.file.path)} and ${quote(shard.file.path)}. Load the model again.`,
          { details: { tensor } },
        );
    }

  const warnings: string[] = [];
  if (!index.hasMetadata) warnings.push(`${quote(indexPath)} has no "metadata"; transformers refuses such an index.`);
  if (index.totalBytes !== undefined && index.totalBytes !== bytes)
    warnings.push(`${quote(indexPath)} says that its tensors have ${index.totalBytes} bytes; they have ${bytes}.`);
  if (unlisted > 0)
    warnings.push(`${quote(indexPath)} does not list ${unlisted} of the tensors in its shards; they are left out.`);
  return warnings;
}

async function sameTensor(a: OpenShard, b: OpenShard, name: string): Promise<boolean> {
  const [one, two] = [a.tensors.get(name)!, b.tensors.get(name)!];
  if (one.dtype !== two.dtype || String(one.shape) !== String(two.shape)) return false;
  const size = Math.min(2 ** 20, one.end - one.begin);
  const [left, right] = [Buffer.alloc(size), Buffer.alloc(size)];
  for (let at = one.begin; at < one.end; at += size) {
    const length = Math.min(size, one.end - at);
    await a.file.readInto(left.subarray(0, length), at);
    await b.file.readInto(right.subarray(0, length), two.begin + (at - one.begin));
    if (!left.subarray(0, length).equals(right.subarray(0, length))) return false;
  }
  return true;
}
