import { checkOptionNames, rangeOption } from "../options.js";
import { Forest } from "./forest.js";
import { nearestOthers } from "./nearest.js";
import type { IndexItem } from "./search-index.js";
import { splitDistances } from "./split-distances.js";

export interface DuplicateOptions {
  /** Cosine from which on two items count as near-duplicates. Default: chosen from the items' own distances. */
  threshold?: number;
  signal?: AbortSignal;
}

/** How the threshold came about. "given": by the caller. "split": the distances fall apart clearly. "default": they do not. */
export type ThresholdSource = "given" | "split" | "default";

export interface Duplicates {
  threshold: number;
  source: ThresholdSource;
  /** Cosine of each item to the one nearest to it, in the order of the items: the distribution that the threshold was chosen from. */
  nearest: number[];
  /** Most similar first. */
  pairs: { a: string; b: string; similarity: number }[];
  /** Items that are joined by pairs, largest group first; items without a pair are in none. */
  groups: string[][];
}

/** Neighbors of an item that are looked at. */
const MOST_NEIGHBORS = 256;
/** Where the distances do not fall apart, only what is all but equal counts: a JPEG saved anew, not another view. */
const DEFAULT_THRESHOLD = 0.98;
/** A normal distribution cut in the middle has halves whose means are 2.65 of their spreads apart: less than 3 is no sign of two kinds. */
const LEAST_CLEARNESS = 3;
/** A split outside is no matter of copies: pictures this unlike are not the same, pictures this alike are. */
const THRESHOLDS = { least: 0.7, most: 0.995 };

/**
 * Finds pictures that are copies of one another by their embeddings: pairs, and groups of pairs.
 *
 * Without a threshold, it is chosen from the distances 1 - cosine of each item to its nearest: they are split in two groups by `splitDistances`,
 * and the threshold is in the middle of the gap. Where the gap is not clear, 0.98.
 *
 * @throws SearchError `search/item`, `search/width`, `search/not-finite`; InputError `input/option`; `signal.reason`
 */
export async function findDuplicates(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  options: DuplicateOptions = {},
): Promise<Duplicates> {
  checkOptionNames(options, ["threshold", "signal"]);
  rangeOption("threshold", options.threshold, -1, 1);
  options.signal?.throwIfAborted();
  const neighbors = await nearestOthers(items, { most: MOST_NEIGHBORS, signal: options.signal });
  const nearest = neighbors.map(([first]) => Math.min(1, first?.similarity ?? -1));
  const { threshold, source } = chooseThreshold(nearest, options.threshold);
  const pairs = neighbors.flatMap((some, index) =>
    some
      // Each pair once, though it may be in only one of both lists.
      .filter(
        (other) =>
          other.similarity >= threshold &&
          (index < other.index || !neighbors[other.index]!.some((back) => back.index === index)),
      )
      .map(({ index: other, similarity }) => ({ a: Math.min(index, other), b: Math.max(index, other), similarity })),
  );
  pairs.sort((x, y) => y.similarity - x.similarity || x.a - y.a || x.b - y.b);
  const id = (index: number) => items[index]!.id;
  return {
    threshold,
    source,
    nearest,
    pairs: pairs.map(({ a, b, similarity }) => ({ a: id(a), b: id(b), similarity })),
    groups: joinPairs(pairs, items.length).map((group) => group.map(id)),
  };
}

function chooseThreshold(
  nearest: readonly number[],
  given: number | undefined,
): Pick<Duplicates, "threshold" | "source"> {
  if (given !== undefined) return { threshold: given, source: "given" };
  const split = splitDistances(nearest.map((similarity) => 1 - similarity));
  const threshold = split && 1 - split.distance;
  const isClear = split && threshold && split.clearness >= LEAST_CLEARNESS;
  if (!isClear || threshold < THRESHOLDS.least || threshold > THRESHOLDS.most)
    return { threshold: DEFAULT_THRESHOLD, source: "default" };
  return { threshold, source: "split" };
}

/** Connected items. */
function joinPairs(pairs: readonly { a: number; b: number }[], count: number): number[][] {
  const forest = new Forest(count);
  for (const { a, b } of pairs) forest.join(a, b);
  const groups = new Map<number, number[]>();
  for (const index of new Set(pairs.flatMap(({ a, b }) => [a, b]).sort((x, y) => x - y))) {
    const first = forest.rootOf(index);
    groups.set(first, [...(groups.get(first) ?? []), index]);
  }
  return [...groups.values()].sort((x, y) => y.length - x.length || x[0]! - y[0]!);
}
