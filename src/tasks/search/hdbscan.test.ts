import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hdbscan } from "./hdbscan.js";

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../conformance/goldens/hdbscan.json"), "utf8"),
) as {
  vectors: Record<string, number[][]>;
  cases: { vectors: string; options: { smallest: number; neighbors?: number }; labels: number[]; ties: number[] }[];
};

/** Labels in the order in which they first come, so that equal groups have equal labels. */
function canonical(labels: ArrayLike<number>): number[] {
  const order = new Map<number, number>();
  return Array.from(labels, (label) => {
    if (label < 0) return -1;
    if (!order.has(label)) order.set(label, order.size);
    return order.get(label)!;
  });
}

describe("hdbscan", () => {
  it.each(golden.cases)(
    "of $vectors with $options gives scikit-learn's clusters, item by item but for ties",
    async ({ vectors, options, labels, ties }) => {
      const items = golden.vectors[vectors]!.map((vector, i) => ({ id: `${i}`, vector }));
      const { smallest, neighbors = smallest } = options;
      // Items that are as far from two clusters: scikit-learn itself puts them elsewhere when the list is shuffled.
      expect(ties.length).toBeLessThan(0.02 * items.length);
      const withoutTies = (all: ArrayLike<number>) => canonical(Array.from(all).filter((_, i) => !ties.includes(i)));
      expect(withoutTies(await hdbscan(items, { smallest, neighbors }))).toEqual(withoutTies(labels));
    },
  );

  it("calls all noise where there are too few for a cluster, and takes none, one and equal items", async () => {
    const equal = Array.from({ length: 6 }, (_, i) => ({ id: `${i}`, vector: [1, 2] }));
    const options = { smallest: 3, neighbors: 3 };
    expect([...(await hdbscan([], options))]).toEqual([]);
    expect([...(await hdbscan(equal.slice(0, 1), options))]).toEqual([-1]);
    expect([...(await hdbscan(equal.slice(0, 2), options))]).toEqual([-1, -1]);
    const others = Array.from({ length: 6 }, (_, i) => ({ id: `other-${i}`, vector: [-2, 1] }));
    expect(canonical(await hdbscan([...equal, ...others], options))).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });
});
