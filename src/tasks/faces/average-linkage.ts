import { cosineSimilarity } from "../embedding.js";

/** Two groups, each told by one of its members, that were joined. */
export interface Merge {
  first: number;
  second: number;
  /** Mean cosine similarity between the members of the one and of the other. */
  similarity: number;
}

/**
 * Joins vectors to groups, nearest first, until one is left: hierarchical clustering with average linkage, in the order of the
 * nearest-neighbor chain (Murtagh 1983), which takes time and memory by the square of the vectors. `[vectors, width]` → `vectors - 1` merges;
 * sorted by similarity they are the tree.
 */
export function averageLinkage(vectors: readonly Float32Array[]): Merge[] {
  const count = vectors.length;
  const similarities = new Float32Array(count * count);
  for (let a = 0; a < count; a++)
    for (let b = 0; b < a; b++)
      similarities[a * count + b] = similarities[b * count + a] = cosineSimilarity(vectors[a]!, vectors[b]!);
  const sizes = new Int32Array(count).fill(1);
  const merges: Merge[] = [];
  const chain: number[] = [];
  while (merges.length < count - 1) {
    if (chain.length === 0) chain.push(sizes.findIndex((size) => size > 0));
    const tip = chain.at(-1)!;
    const before = chain.at(-2);
    const nearest = nearestTo(tip, similarities, sizes, before);
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    merges.push({ first: nearest, second: tip, similarity: similarities[tip * count + nearest]! });
    join(nearest, tip, similarities, sizes);
  }
  return merges;
}

/** The group most like `tip`; of equal ones the one that the chain comes from, so that it ends, else the first. */
function nearestTo(tip: number, similarities: Float32Array, sizes: Int32Array, before = -1): number {
  const row = tip * sizes.length;
  let nearest = before;
  for (let other = 0; other < sizes.length; other++) {
    if (other === tip || sizes[other] === 0) continue;
    if (nearest < 0 || similarities[row + other]! > similarities[row + nearest]!) nearest = other;
  }
  return nearest;
}

/** Puts `second` into `first`. */
function join(first: number, second: number, similarities: Float32Array, sizes: Int32Array): void {
  const count = sizes.length;
  const [m, n] = [sizes[first]!, sizes[second]!];
  for (let other = 0; other < count; other++) {
    const mean = (m * similarities[first * count + other]! + n * similarities[second * count + other]!) / (m + n);
    similarities[first * count + other] = similarities[other * count + first] = mean;
  }
  sizes[first] = m + n;
  sizes[second] = 0;
}
