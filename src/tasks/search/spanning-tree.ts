import { Forest } from "./forest.js";
import { type Collector, VectorRows } from "./vector-rows.js";

/** Two items and how far apart they are. */
export interface TreeEdge {
  a: number;
  b: number;
  distance: number;
}

/** Items whose nearest are looked for together. */
const QUERIES = 480;
/** Scores of float32 are off by less. */
const ROUNDING = 1e-6;

/** Of vectors of length 1, from their cosine: Euclidean. */
export const distanceOf = (cosine: number): number => Math.sqrt(Math.max(0, 2 - 2 * cosine));

/**
 * The minimum spanning tree by mutual reachability, the largest of two items' distance and both their core distances. Borůvka's algorithm: in each
 * round every tree is joined to the one nearest to it, which takes at most log₂(items) comparisons of all with all by the engine's matrix products.
 *
 * @param vectors of length 1, `[width]` each
 * @param cores core distance of each
 * @returns one edge fewer than vectors
 */
export async function spanningTree(
  vectors: readonly Float32Array[],
  cores: Float64Array,
  signal?: AbortSignal,
): Promise<TreeEdge[]> {
  const rows = new VectorRows(vectors[0]!.length, "float32");
  try {
    rows.reserve(vectors.length);
    for (const [slot, vector] of vectors.entries()) rows.set(slot, vector);
    const forest = new Forest(vectors.length);
    const edges: TreeEdge[] = [];
    while (edges.length < vectors.length - 1) {
      const trees = Int32Array.from(vectors, (_, item) => forest.rootOf(item));
      const nearest = new Map<number, TreeEdge>();
      for (let from = 0; from < vectors.length; from += QUERIES) {
        const queries = vectors.slice(from, from + QUERIES);
        const collectors = queries.map((_, i) => new NearestOutside(from + i, trees, cores, nearest));
        await rows.scan(queries, collectors, vectors.length, () => true, signal);
      }
      for (const edge of nearest.values()) if (forest.join(edge.a, edge.b)) edges.push(edge);
    }
    return edges;
  } finally {
    await rows.dispose();
  }
}

/** Keeps the shortest edge out of an item's tree, shared with the tree's other items. */
class NearestOutside implements Collector {
  private readonly tree: number;
  private readonly core: number;

  constructor(
    private readonly item: number,
    private readonly trees: Int32Array,
    private readonly cores: Float64Array,
    private readonly nearest: Map<number, TreeEdge>,
  ) {
    this.tree = trees[item]!;
    this.core = cores[item]!;
  }

  get bar(): number {
    const known = this.nearest.get(this.tree)?.distance ?? Number.POSITIVE_INFINITY;
    if (this.core > known) return Number.POSITIVE_INFINITY;
    return 1 - known ** 2 / 2 - ROUNDING;
  }

  add(score: number, other: number): void {
    if (this.trees[other] === this.tree) return;
    const distance = Math.max(this.core, this.cores[other]!, distanceOf(score));
    const known = this.nearest.get(this.tree);
    const edge = { a: Math.min(this.item, other), b: Math.max(this.item, other), distance };
    if (!known || isBefore(edge, known)) this.nearest.set(this.tree, edge);
  }
}

/** One order for all trees, so that edges of the same length never close a ring. */
const isBefore = (x: TreeEdge, y: TreeEdge) =>
  x.distance !== y.distance ? x.distance < y.distance : x.a !== y.a ? x.a < y.a : x.b < y.b;
