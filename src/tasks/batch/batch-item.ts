import { createHash } from "node:crypto";

/** Where a picture of a batch comes from. `"none"`: a row of a list that names no picture, and why. */
export type PictureSource = { kind: "path" | "url" | "base64"; value: string } | { kind: "none"; reason: string };

/** One picture of a batch: what becomes one row. */
export interface BatchItem {
  /** Its place in the whole input, from 0, whatever the shard. */
  index: number;
  /** What the row calls it: the list's own `id`, or the path or URL as given. */
  id: string;
  source: PictureSource;
}

/** What a batch is of: how many pictures, and a hash that another list of pictures does not have. */
export interface ItemCensus {
  count: number;
  /** SHA-256 over all items: their places, names and sources; not over the files that paths name. */
  sha256: string;
}

/** Goes through all items once, without reading a picture. */
export async function censusOf(items: AsyncIterable<BatchItem>): Promise<ItemCensus> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const { index, id, source } of items) {
    const value = source.kind === "none" ? source.reason : source.value;
    // Lengths first, so that no text can be mistaken for two.
    hash.update(`${index} ${Buffer.byteLength(id)} ${source.kind} ${Buffer.byteLength(value)}\n`);
    hash.update(id).update(value);
    count++;
  }
  return { count, sha256: hash.digest("hex") };
}
