import { checkOptionNames, choiceOption, rangeOption, wholeOption } from "../options.js";
import { checkItems } from "./check-items.js";
import { kMeans } from "./k-means.js";
import { nearestOthers } from "./nearest.js";
import type { IndexItem } from "./search-index.js";
import { splitDistances } from "./split-distances.js";

export interface ClusterOptions {
  /**
   * "k-means": every item is in one of `count` clusters, by its nearest center. "density" (DBSCAN): as many clusters as there are crowds, and what is
   * in none stays alone. Default: "k-means" with `count`, else "density".
   */
  method?: "k-means" | "density";
  /** Clusters, for "k-means". */
  count?: number;
  /** Where k-means begins; the same seed gives the same clusters, bit for bit. Default 0. */
  seed?: number;
  /** Neighbors that make an item part of a crowd, for "density". Default 3. */
  neighbors?: number;
  /** Cosine from which on two items are neighbors, for "density". Default: chosen from the items' own distances. */
  threshold?: number;
  signal?: AbortSignal;
}

export interface Clusters {
  method: "k-means" | "density";
  /** Ids, largest cluster first; in a cluster, those nearest to its middle first. */
  clusters: string[][];
  /** Ids that are in no cluster. */
  alone: string[];
  /** Cosine from which on two items are neighbors. */
  threshold?: number;
}

/** Where the distances do not fall apart. */
const DEFAULT_THRESHOLD = 0.8;
const MOST_NEIGHBORS = 256;

/**
 * Groups items whose vectors point in similar directions.
 *
 * @throws SearchError `search/item`, `search/width`, `search/not-finite`; InputError `input/option`
 */
export async function clusterVectors(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  options: ClusterOptions = {},
): Promise<Clusters> {
  checkOptionNames(options, ["method", "count", "seed", "neighbors", "threshold", "signal"]);
  const { count, seed = 0, neighbors = 3, threshold, signal } = options;
  const { method = count === undefined ? "density" : "k-means" } = options;
  choiceOption("method", method, ["k-means", "density"]);
  wholeOption("count", count ?? (method === "k-means" ? Number.NaN : undefined), 1);
  wholeOption("seed", seed, 0, 2 ** 32 - 1);
  wholeOption("neighbors", neighbors, 1, MOST_NEIGHBORS);
  rangeOption("threshold", threshold, -1, 1);
  const vectors = checkItems(items, "cosine", undefined).map(({ vector }) => vector);
  const found =
    method === "k-means"
      ? { labels: kMeans(vectors, count!, seed, signal) }
      : await byDensity(items, neighbors, threshold, signal);
  const clusters = groupsOf(found.labels).map((group) => nearestToMiddle(group, vectors));
  const alone = [...found.labels.keys()].filter((index) => found.labels[index]! < 0);
  const idOf = (index: number) => items[index]!.id;
  return {
    method,
    clusters: clusters.map((group) => group.map(idOf)),
    alone: alone.map(idOf),
    ...("threshold" in found && { threshold: found.threshold }),
  };
}

/** DBSCAN: items with enough neighbors are cores; cores that are neighbors share a cluster, and so do their neighbors. */
async function byDensity(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  least: number,
  given: number | undefined,
  signal: AbortSignal | undefined,
): Promise<{ labels: Int32Array; threshold: number }> {
  const others = await nearestOthers(items, { most: MOST_NEIGHBORS, signal });
  // The distance to the last neighbor that makes a core: short in a crowd, long outside.
  const split = splitDistances(others.flatMap((some) => (some[least - 1] ? [1 - some[least - 1]!.similarity] : [])));
  const threshold = given ?? (split ? 1 - split.distance : DEFAULT_THRESHOLD);
  const near = others.map((some) => some.filter(({ similarity }) => similarity >= threshold));
  const labels = new Int32Array(items.length).fill(-1);
  let clusters = 0;
  for (const [start, some] of near.entries()) {
    if (labels[start]! >= 0 || some.length < least) continue;
    const label = clusters++;
    labels[start] = label;
    for (const queue = [start]; queue.length > 0; ) {
      const index = queue.pop()!;
      if (near[index]!.length < least) continue; // at the border: it belongs to the cluster, and brings nobody in
      for (const { index: other } of near[index]!) {
        if (labels[other]! >= 0) continue;
        labels[other] = label;
        queue.push(other);
      }
    }
  }
  return { labels, threshold };
}

/** Members of each label from 0 on, largest group first. */
function groupsOf(labels: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const [index, label] of labels.entries())
    if (label >= 0) groups.set(label, [...(groups.get(label) ?? []), index]);
  return [...groups.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
}

function nearestToMiddle(group: readonly number[], vectors: readonly Float32Array[]): number[] {
  const middle = new Float64Array(vectors[0]!.length);
  for (const index of group) for (const [k, value] of vectors[index]!.entries()) middle[k]! += value;
  const score = (index: number) => vectors[index]!.reduce((sum, value, k) => sum + value * middle[k]!, 0);
  const scored = group.map((index) => ({ index, score: score(index) }));
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).map(({ index }) => index);
}
