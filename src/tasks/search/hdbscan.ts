import { checkItems } from "./check-items.js";
import { Forest } from "./forest.js";
import { nearestOthers } from "./nearest.js";
import type { IndexItem } from "./search-index.js";
import { distanceOf, spanningTree, type TreeEdge } from "./spanning-tree.js";

/** A part of the tree of clusters that lives on its own for a while as the density rises. */
interface Branch {
  parent: number;
  /** 1 / distance at which it came about. */
  birth: number;
  /** How long its items stayed in it, all added up: the excess of mass. */
  stability: number;
  isChosen: boolean;
  /** Whether one above it is chosen. */
  isCovered?: true;
}

/** 1 / distance of equal vectors would be infinite. */
const LEAST_DISTANCE = 1e-6;

/**
 * HDBSCAN (Campello, Moulavi and Sander 2013): clusters are the parts of a tree of ever denser crowds that last longest, by excess of mass; what is in
 * none is noise. Distances are Euclidean between vectors of length 1, so that cosines decide. As scikit-learn's, with its counts: a neighbor count
 * includes the item itself.
 *
 * @param smallest members of the smallest cluster
 * @param neighbors to the last of which an item's own density is measured
 * @returns the cluster of each item from 0 on, -1 for noise
 */
export async function hdbscan(
  items: readonly Pick<IndexItem, "id" | "vector">[],
  { smallest, neighbors, signal }: { smallest: number; neighbors: number; signal?: AbortSignal | undefined },
): Promise<Int32Array> {
  if (items.length < 2) return new Int32Array(items.length).fill(-1);
  const others = await nearestOthers(items, { most: Math.max(1, neighbors - 1), signal });
  const cores = Float64Array.from(others, (some) => (neighbors < 2 ? 0 : distanceOf(some.at(-1)!.similarity)));
  const vectors = checkItems(items, "cosine", undefined).map(({ vector }) => vector);
  return labelsOf(await spanningTree(vectors, cores, signal), items.length, smallest);
}

function labelsOf(edges: readonly TreeEdge[], count: number, smallest: number): Int32Array {
  const { branches, owners } = condense(dendrogram(edges, count), count, smallest);
  choose(branches);
  const labels = new Int32Array(branches.length).fill(-1);
  let next = 0;
  // Parents come before their children.
  for (const [index, { parent, isChosen }] of branches.entries())
    labels[index] = isChosen ? next++ : index > 0 ? labels[parent]! : -1;
  return owners.map((owner) => labels[owner]!);
}

/** Single linkage: leaves are 0 to count - 1, joins follow, the root is last. */
function dendrogram(edges: readonly TreeEdge[], count: number) {
  const sorted = [...edges].sort((x, y) => x.distance - y.distance);
  const nodes = 2 * count - 1;
  const [left, right] = [new Int32Array(nodes), new Int32Array(nodes)];
  const sizes = new Int32Array(nodes).fill(1);
  const distances = new Float64Array(nodes);
  const forest = new Forest(count);
  /** The join that made a tree, by the tree's root. */
  const top = Int32Array.from({ length: count }, (_, leaf) => leaf);
  for (const [i, { a, b, distance }] of sorted.entries()) {
    const node = count + i;
    left[node] = top[forest.rootOf(a)]!;
    right[node] = top[forest.rootOf(b)]!;
    distances[node] = distance;
    sizes[node] = sizes[left[node]!]! + sizes[right[node]!]!;
    forest.join(a, b);
    top[forest.rootOf(a)] = node;
  }
  return { left, right, sizes, distances };
}

/** From the root down: where both sides are large enough, two branches begin; a side that is too small falls out of its branch. */
function condense(
  { left, right, sizes, distances }: ReturnType<typeof dendrogram>,
  count: number,
  smallest: number,
): { branches: Branch[]; owners: Int32Array } {
  const branches: Branch[] = [{ parent: -1, birth: 0, stability: 0, isChosen: false }];
  const owners = new Int32Array(count);
  const queue = [{ node: 2 * count - 2, branch: 0 }];
  const fall = (from: number, branch: number) => {
    for (const stack = [from]; stack.length > 0; ) {
      const node = stack.pop()!;
      if (node < count) owners[node] = branch;
      else stack.push(left[node]!, right[node]!);
    }
  };
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { node, branch } = next;
    if (node < count) {
      owners[node] = branch;
      continue;
    }
    const density = 1 / Math.max(LEAST_DISTANCE, distances[node]!);
    const sides = [left[node]!, right[node]!];
    const isSplit = sides.every((side) => sizes[side]! >= smallest);
    for (const side of sides) {
      const stays = !isSplit && sizes[side]! >= smallest;
      if (stays) queue.push({ node: side, branch });
      else branches[branch]!.stability += sizes[side]! * (density - branches[branch]!.birth);
      if (isSplit)
        queue.push({
          node: side,
          branch: branches.push({ parent: branch, birth: density, stability: 0, isChosen: true }) - 1,
        });
      else if (!stays) fall(side, branch);
    }
  }
  return { branches, owners };
}

/** Excess of mass: a branch is taken where it is at least as stable as all that are taken below it. The root is all items, and no cluster. */
function choose(branches: Branch[]): void {
  const below = new Float64Array(branches.length);
  for (let index = branches.length - 1; index > 0; index--) {
    const branch = branches[index]!;
    if (below[index]! > branch.stability) branch.isChosen = false;
    below[branch.parent]! += Math.max(below[index]!, branch.stability);
  }
  for (const branch of branches.slice(1)) {
    const above = branches[branch.parent]!;
    // What is inside of a chosen branch is no cluster of its own.
    if (above.isChosen || above.isCovered) {
      branch.isChosen = false;
      branch.isCovered = true;
    }
  }
}
