import type { Detection } from "./detection.js";

/** MediaPipe's `min_suppression_threshold`: boxes that share more than this of their union show the same face. */
const SAME_FACE = 0.3;

/**
 * Merges the boxes of one face into one: MediaPipe's weighted non-maximum suppression. The best box takes all that overlap it; their
 * points are averaged by score, and the score stays the best box's own. Best first.
 */
export function weightedNms(detections: readonly Detection[], sameFace = SAME_FACE): Detection[] {
  const merged: Detection[] = [];
  let rest = detections.toSorted((a, b) => b.score - a.score);
  while (rest.length > 0) {
    const best = rest[0]!;
    const cluster = rest.filter((other) => overlap(best.points, other.points) > sameFace);
    // A box whose area underflows to zero does not even overlap itself.
    if (!cluster.includes(best)) cluster.unshift(best);
    merged.push({ score: best.score, points: weightedMean(cluster) });
    const taken = new Set(cluster);
    rest = rest.filter((other) => !taken.has(other));
  }
  return merged;
}

/** Shared area of two boxes over the area that they cover together; 0 to 1. */
export function overlap(a: Float64Array, b: Float64Array): number {
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

function area([left, top, right, bottom]: Float64Array): number {
  return (right! - left!) * (bottom! - top!);
}

function weightedMean(cluster: readonly Detection[]): Float64Array {
  const total = cluster.reduce((sum, { score }) => sum + score, 0);
  return cluster[0]!.points.map(
    (_, i) => cluster.reduce((sum, { score, points }) => sum + score * points[i]!, 0) / total,
  );
}
