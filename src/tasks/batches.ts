/** What became of one item of a stream: its result, or why there is none. */
export type StreamItem<Item, Result> = { index: number; item: Item } & ({ result: Result } | { error: Error });

/** Groups of at most `size` items, each with its place in the stream. Asks for no item before its group's turn. */
export async function* batches<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
): AsyncGenerator<{ index: number; item: Item }[]> {
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
