import { random } from "../random.js";
import { dot } from "./dot.js";

/** Rounds after which clusters that still change are taken as they are. */
const MOST_ROUNDS = 100;

/** Beginnings that are tried: k-means ends in the nearest good state, not in the best. */
const ATTEMPTS = 10;

/**
 * Spherical k-means: clusters of unit vectors by the largest cosine to a center. It begins with k-means++, several times, keeps the attempt whose
 * cosines add up to most, and works in float64 in a fixed order, so that the same seed gives the same labels on every machine.
 *
 * @param vectors unit vectors, `[width]` each
 * @param count of clusters; fewer where there are fewer vectors
 * @returns the cluster of each vector
 */
export function kMeans(
  vectors: readonly Float32Array[],
  count: number,
  seed: number,
  signal?: AbortSignal,
): Int32Array {
  const draw = random(seed);
  let best = { labels: new Int32Array(vectors.length), sum: Number.NEGATIVE_INFINITY };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = settle(vectors, chooseCenters(vectors, Math.min(count, vectors.length), draw), signal);
    if (found.sum > best.sum) best = found;
  }
  return best.labels;
}

/** Gives vectors to their nearest center and moves centers to the middle of their vectors, until nothing changes. */
function settle(vectors: readonly Float32Array[], start: Float64Array[], signal: AbortSignal | undefined) {
  const labels = new Int32Array(vectors.length).fill(-1);
  let centers = start;
  for (let round = 0; ; round++) {
    signal?.throwIfAborted();
    let [changes, sum] = [0, 0];
    for (const [i, vector] of vectors.entries()) {
      const { label, score } = nearest(vector, centers);
      if (label !== labels[i]) changes++;
      labels[i] = label;
      sum += score;
    }
    if (changes === 0 || round === MOST_ROUNDS) return { labels, sum };
    centers = centers.map((old, label) => middleOf(vectors, labels, label) ?? old);
  }
}

/** Each next center is drawn with odds that grow with the squared distance to those that are there. */
function chooseCenters(vectors: readonly Float32Array[], count: number, draw: () => number): Float64Array[] {
  const centers: Float64Array[] = [];
  const distances = new Float64Array(vectors.length).fill(1);
  while (centers.length < count) {
    const total = distances.reduce((sum, value) => sum + value, 0);
    let rest = draw() * total;
    let chosen = 0;
    while (chosen < vectors.length - 1 && rest >= distances[chosen]!) rest -= distances[chosen++]!;
    const center = Float64Array.from(vectors[chosen]!);
    centers.push(center);
    // For unit vectors, 1 - cosine is half of the squared distance.
    for (const [i, vector] of vectors.entries())
      distances[i] = Math.max(0, Math.min(distances[i]!, 1 - dot(vector, center)));
    distances[chosen] = 0;
  }
  return centers;
}

function nearest(vector: Float32Array, centers: readonly Float64Array[]): { label: number; score: number } {
  let best = { label: 0, score: Number.NEGATIVE_INFINITY };
  for (const [label, center] of centers.entries()) {
    const score = dot(vector, center);
    if (score > best.score) best = { label, score };
  }
  return best;
}

/** The mean direction of a cluster; undefined for an empty one, or where all cancel out. */
function middleOf(vectors: readonly Float32Array[], labels: Int32Array, label: number): Float64Array | undefined {
  const sum = new Float64Array(vectors[0]!.length);
  for (const [i, vector] of vectors.entries())
    if (labels[i] === label) for (let k = 0; k < sum.length; k++) sum[k]! += vector[k]!;
  const length = Math.sqrt(dot(sum, sum));
  return length > 0 ? sum.map((value) => value / length) : undefined;
}
