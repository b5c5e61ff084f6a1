import { checkItems } from "./check-items.js";
import type { IndexItem } from "./search-index.js";
import { TopHits } from "./top-hits.js";
import { VectorRows } from "./vector-rows.js";

export interface Neighbor {
  /** Place in the list. */
  index: number;
  /** Cosine, -1 to 1. */
  similarity: number;
}

/** Queries whose neighbors are looked for together. */
const QUERIES = 480;

/**
 * The nearest others of every item of a list, best first, by the engine's matrix products.
 *
 * @param most neighbors of an item at most
 * @param least similarity of a neighbor
 * @throws SearchError as `SearchIndex.add`
 */
export async function nearestOthers(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  { most, least = -1, signal }: { most: number; least?: number; signal?: AbortSignal | undefined },
): Promise<Neighbor[][]> {
  const checked = checkItems(items, "cosine", undefined);
  if (checked.length === 0) return [];
  const rows = new VectorRows(checked[0]!.vector.length, "float32");
  try {
    rows.reserve(checked.length);
    for (const [slot, { vector }] of checked.entries()) rows.set(slot, vector);
    const all: Neighbor[][] = [];
    for (let from = 0; from < checked.length; from += QUERIES) {
      const queries = checked.slice(from, from + QUERIES).map(({ vector }) => vector);
      // One more than asked for: the item itself, or one that is equal to it, is among them.
      const best = queries.map(() => new TopHits(most + 1, (slot, other) => slot < other));
      await rows.scan(queries, best, checked.length, () => true, signal);
      for (const [i, hits] of best.entries())
        all.push(
          hits
            .sorted()
            .filter(({ slot, score }) => slot !== from + i && score >= least)
            .slice(0, most)
            .map(({ slot, score }) => ({ index: slot, similarity: score })),
        );
    }
    return all;
  } finally {
    await rows.dispose();
  }
}
