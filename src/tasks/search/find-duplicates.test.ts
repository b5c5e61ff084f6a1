import { describe, expect, it } from "vitest";
import { clusterVectors } from "./cluster.js";
import { findDuplicates } from "./find-duplicates.js";
import { clusteredVectors } from "./vectors.testing.js";

const WIDTH = 64;
/** Pictures of their own, each with some copies that differ a little. */
function copies(pictures: number, of: number, spread: number) {
  return clusteredVectors({ count: pictures * of, width: WIDTH, clusters: pictures, spread, seed: 3 }).map(
    (vector, i) => ({
      id: `${i % pictures}/${Math.floor(i / pictures)}`,
      vector,
    }),
  );
}
const alone = clusteredVectors({ count: 100, width: WIDTH, clusters: 100, spread: 0, seed: 8 }).map((vector, i) => ({
  id: `alone-${i}`,
  vector,
}));
const original = (id: string) => id.split("/")[0];

describe("findDuplicates", () => {
  it("chooses a threshold in the gap of the distances, and joins just the copies", async () => {
    const found = await findDuplicates([...copies(30, 3, 0.2), ...alone]);
    expect(found.source).toBe("split");
    expect(found.threshold).toBeGreaterThan(0.7);
    expect(found.threshold).toBeLessThan(0.96);
    expect(found.pairs).toHaveLength(90);
    expect(found.groups).toHaveLength(30);
    for (const group of found.groups) expect(new Set(group.map(original)).size).toBe(1);
    expect(found.pairs.map(({ similarity }) => similarity)).toEqual(
      [...found.pairs.map(({ similarity }) => similarity)].sort((a, b) => b - a),
    );
  });

  it("finds none among pictures of their own, where no gap is", async () => {
    const found = await findDuplicates(alone);
    expect(found).toMatchObject({ source: "default", threshold: 0.98, pairs: [], groups: [] });
    expect(found.nearest).toHaveLength(100);
  });

  it("takes a given threshold as it is, and lists of none and one", async () => {
    const found = await findDuplicates(copies(4, 2, 0.2), { threshold: 0.999 });
    expect(found).toMatchObject({ source: "given", threshold: 0.999, pairs: [] });
    expect((await findDuplicates([])).groups).toEqual([]);
    expect((await findDuplicates(alone.slice(0, 1))).groups).toEqual([]);
    const equal = { vector: alone[0]!.vector };
    expect((await findDuplicates(["a", "b", "c"].map((id) => ({ id, ...equal })))).groups).toEqual([["a", "b", "c"]]);
  });
});

describe("clusterVectors", () => {
  const items = copies(6, 20, 0.5);

  it("by k-means finds the groups that the vectors were made around, the same each time", async () => {
    const found = await clusterVectors(items, { count: 6, seed: 1 });
    expect(found.clusters.map((cluster) => cluster.length)).toEqual([20, 20, 20, 20, 20, 20]);
    for (const cluster of found.clusters) expect(new Set(cluster.map(original)).size).toBe(1);
    expect(await clusterVectors(items, { count: 6, seed: 1 })).toEqual(found);
    expect((await clusterVectors(items.slice(0, 3), { count: 6 })).clusters).toHaveLength(3);
    expect((await clusterVectors([], { count: 6 })).clusters).toEqual([]);
  });

  it("by HDBSCAN finds the crowds without being told how many, each whole, and leaves nearly all others alone", async () => {
    const found = await clusterVectors([...items, ...alone]);
    expect(found.method).toBe("hdbscan");
    expect(found.clusters).toHaveLength(6);
    const crowds = found.clusters.map((cluster) => cluster.filter((id) => !id.startsWith("alone")));
    for (const crowd of crowds) {
      expect(crowd).toHaveLength(20);
      expect(new Set(crowd.map(original)).size).toBe(1);
    }
    expect(found.alone.length).toBeGreaterThanOrEqual(90);
    expect((await clusterVectors([], {})).clusters).toEqual([]);
  });

  it.each([{ method: "magic" }, { method: "k-means" }, { count: 0 }, { smallest: 1 }, { neighbors: 0 }, { seed: -1 }])(
    "refuses %j",
    async (options) => {
      await expect(clusterVectors(items, options as never)).rejects.toMatchObject({ code: "input/option" });
    },
  );

  it("stops with the signal's reason, as the search for copies does", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(clusterVectors(items, { signal })).rejects.toBe(reason);
    await expect(clusterVectors(items, { count: 2, signal })).rejects.toBe(reason);
    await expect(findDuplicates(items, { signal })).rejects.toBe(reason);
  });
});
