import { InputError } from "../errors.js";

/** What became of one item of a stream: its result, or why there is none. */
export type StreamItem<Item, Result> = { index: number; item: Item } & ({ result: Result } | { error: Error });

/**
 * Groups of at most `size` items, each with its place in the stream. Asks for no item before its group's turn.
 *
 * @throws InputError `input/list` for what is no list or stream: a path alone, whose letters JavaScript would take for items, or bytes
 */
export async function* batches<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
): AsyncGenerator<{ index: number; item: Item }[]> {
  if (!isStream(items)) {
    const found = items === null ? "null" : typeof items === "object" ? "one picture or another object" : typeof items;
    throw new InputError(
      "input/list",
      `Wanted a list or a stream of pictures; found ${found}. Put one picture in a list.`,
    );
  }
  let batch: { index: number; item: Item }[] = [];
  let index = 0;
  for await (const item of items) {
    batch.push({ index: index++, item });
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function isStream(items: unknown): boolean {
  if (typeof items !== "object" || items === null || ArrayBuffer.isView(items)) return false;
  return Symbol.iterator in items || Symbol.asyncIterator in items;
}
