import { checkOptionNames, choiceOption, wholeOption } from "../options.js";
import { checkItems } from "./check-items.js";
import { hdbscan } from "./hdbscan.js";
import { kMeans } from "./k-means.js";
import type { IndexItem } from "./search-index.js";

export const CLUSTER_METHODS = ["k-means", "hdbscan"] as const;
export type ClusterMethod = (typeof CLUSTER_METHODS)[number];

export interface ClusterOptions {
  /**
   * "k-means": every item is in one of `count` clusters, by its nearest center. "hdbscan": as many clusters as there are crowds, and what is in none
   * stays alone. Default: "k-means" with `count`, else "hdbscan".
   */
  method?: ClusterMethod;
  /** Clusters, for "k-means". */
  count?: number;
  /** Where k-means begins; the same seed gives the same clusters, bit for bit. Default 0. */
  seed?: number;
  /** Members of the smallest cluster, for "hdbscan". Default 5. */
  smallest?: number;
  /** Items of a crowd by which its density is measured, the item itself included, for "hdbscan": more make fewer, safer clusters. Default `smallest`. */
  neighbors?: number;
  signal?: AbortSignal;
}

export interface Clusters {
  method: ClusterMethod;
  /** Ids, largest cluster first; in a cluster, those nearest to its middle first. */
  clusters: string[][];
  /** Ids that are in no cluster. */
  alone: string[];
}

const MOST_NEIGHBORS = 256;

/**
 * Groups items whose vectors point in similar directions.
 *
 * @throws SearchError `search/item`, `search/width`, `search/not-finite`; InputError `input/option`; `signal.reason`
 */
export async function clusterVectors(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  options: ClusterOptions = {},
): Promise<Clusters> {
  checkOptionNames(options, ["method", "count", "seed", "smallest", "neighbors", "signal"]);
  const { count, seed = 0, smallest = 5, neighbors = smallest, signal } = options;
  const { method = count === undefined ? "hdbscan" : "k-means" } = options;
  choiceOption("method", method, CLUSTER_METHODS);
  wholeOption("count", count ?? (method === "k-means" ? Number.NaN : undefined), 1);
  wholeOption("seed", seed, 0, 2 ** 32 - 1);
  wholeOption("smallest", smallest, 2);
  wholeOption("neighbors", neighbors, 1, MOST_NEIGHBORS);
  signal?.throwIfAborted();
  const vectors = checkItems(items, "cosine", undefined).map(({ vector }) => vector);
  const labels =
    method === "k-means"
      ? kMeans(vectors, count!, seed, signal)
      : await hdbscan(items, { smallest, neighbors, signal });
  const clusters = groupsOf(labels).map((group) => nearestToMiddle(group, vectors));
  const alone = [...labels.keys()].filter((index) => labels[index]! < 0);
  const idOf = (index: number) => items[index]!.id;
  return {
    method,
    clusters: clusters.map((group) => group.map(idOf)),
    alone: alone.map(idOf),
  };
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
