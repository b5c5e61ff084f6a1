/** Where a list of distances falls apart into near and far, and how clearly. */
export interface Split {
  /** Largest distance that still counts as near. */
  distance: number;
  /** Distance of both groups' means, in logarithms, over the mean spread in them. */
  clearness: number;
}

/** Equal pictures that were encoded anew still differ in the last bits. */
const LEAST_DISTANCE = 1e-6;

/**
 * Splits distances in two groups by Otsu's method on their logarithms: the split whose groups' means are farthest apart for their spread. Copies of
 * a picture have distances of a few hundredths, other pictures of some tenths, and it is their ratio that tells, not their difference.
 *
 * @returns undefined for fewer than four distances, or where all are alike
 */
export function splitDistances(distances: readonly number[]): Split | undefined {
  const logs = distances.map((distance) => Math.log(Math.max(distance, LEAST_DISTANCE))).sort((a, b) => a - b);
  const total = logs.length;
  if (total < 4 || logs[0] === logs[total - 1]) return undefined;
  const sum = logs.reduce((all, value) => all + value, 0);
  let best = { between: -1, count: 0 };
  for (let count = 1, below = 0; count < total; count++) {
    below += logs[count - 1]!;
    if (logs[count] === logs[count - 1]) continue;
    const between = count * (total - count) * (below / count - (sum - below) / (total - count)) ** 2;
    if (between > best.between) best = { between, count };
  }
  const groups = [logs.slice(0, best.count), logs.slice(best.count)];
  const [near, far] = groups.map(mean) as [number, number];
  const spread = Math.sqrt(mean(groups.flatMap((group, i) => group.map((value) => (value - [near, far][i]!) ** 2))));
  // In the middle of the gap, so that neither group's last is at the border.
  const border = (groups[0]!.at(-1)! + groups[1]![0]!) / 2;
  return { distance: Math.exp(border), clearness: spread === 0 ? Number.POSITIVE_INFINITY : (far - near) / spread };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
