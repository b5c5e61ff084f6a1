import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Filter } from "./metadata-filter.js";
import { openIndex } from "./open-index.js";
import type { Metric, SearchIndex } from "./search-index.js";
import { clusteredVectors } from "./vectors.testing.js";

const WIDTH = 24;
const vectors = clusteredVectors({ count: 300, width: WIDTH, clusters: 12, spread: 0.7, seed: 5 });
const items = vectors.map((own, i) => ({
  id: `ü-${i}`,
  vector: own,
  metadata: { number: i, label: i % 3 === 0 ? "cat" : "Dog", tags: i % 2 === 0 ? ["pet", 7] : [], none: null },
}));
const queries = vectors.slice(0, 4);
const FILTERS: Filter[] = [
  {},
  { label: "cat" },
  { label: { in: ["cat", "bird"] }, number: { gte: 30, lt: 200 } },
  { label: { notIn: ["cat"] } },
  { label: { in: [] } },
  { missing: { notIn: ["cat"] } },
  { missing: null },
  { none: null },
  { tags: "pet" },
  { tags: 7 },
  { tags: { notIn: ["pet"] } },
  { label: { lt: "a" } },
  { number: { lte: "5" } },
  { 'a" or id != "': "x" },
  { "a' OR 1=1 --": { gt: 'x" or id != "' } },
];

/** Opens an index on a server that is new for each name. */
export type OpenRemote = (options: {
  name: string;
  width: number;
  metric?: Metric;
  fingerprint?: string;
}) => Promise<SearchIndex>;

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error) => error.code,
  );

/** What every index on a server keeps: the answers of the index in a folder, and its refusals. */
export function describeRemoteIndex(title: string, open: OpenRemote, { listFilters = [] as Filter[] } = {}): void {
  describe(title, () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "vitrail-remote-"));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each(["cosine", "dot"] as const)(
      "with metric %s answers as the index in a folder does, filters and pages too",
      async (metric) => {
        await using remote = await open({ name: `same_${metric}`, width: WIDTH, metric });
        await using local = await openIndex(join(folder, metric), { metric });
        for (const index of [remote, local]) {
          await index.add(items);
          await index.add([
            { ...items[5]!, vector: vectors[6]! },
            { ...items[5]!, vector: vectors[7]! },
          ]);
          expect(await index.remove(["ü-9", "never there"])).toBe(1);
          await index.save();
          expect(index.size).toBe(299);
        }
        for (const filter of [...FILTERS, ...listFilters]) {
          const wanted = await local.search(queries, { topK: 12, offset: 3, filter });
          const found = await remote.search(queries, { topK: 12, offset: 3, filter });
          expect(
            found.map((hits) => hits.map(({ id }) => id)),
            JSON.stringify(filter),
          ).toEqual(wanted.map((hits) => hits.map(({ id }) => id)));
          for (const [q, hits] of found.entries())
            for (const [i, { score, metadata }] of hits.entries()) {
              expect(score).toBeCloseTo(wanted[q]![i]!.score, 5);
              expect(metadata).toEqual(wanted[q]![i]!.metadata);
            }
        }
      },
    );

    it("keeps what was added for whoever opens it next, and scores a zero vector as 0", async () => {
      await using first = await open({ name: "lasting", width: WIDTH });
      await first.add([...items.slice(0, 3), { id: "zero", vector: new Float32Array(WIDTH) }]);
      await using second = await open({ name: "lasting", width: WIDTH });
      expect(second.size).toBe(4);
      const hits = await second.search(vectors[1]!);
      expect(hits).toHaveLength(4);
      expect(hits[0]).toMatchObject({ id: "ü-1", metadata: items[1]!.metadata });
      expect(hits.find(({ id }) => id === "zero")).toMatchObject({ score: 0, metadata: {} });
    });

    it("refuses another model's vectors, other settings and widths, and what is no number", async () => {
      const name = "refusing";
      const index = await open({ name, width: WIDTH, fingerprint: "model-a" });
      expect(await code(open({ name, width: WIDTH, fingerprint: "model-b" }))).toBe("search/other-model");
      expect(await code(open({ name, width: WIDTH, metric: "dot" }))).toBe("search/settings");
      expect(await code(open({ name, width: 9 }))).toBe("search/width");
      expect(await code(open({ name: "x; DROP TABLE y", width: WIDTH }))).toBe("input/option");
      expect(await code(index.add([{ id: "a", vector: [1] }]))).toBe("search/width");
      expect(await code(index.search([...vectors[0]!.map(() => Number.NaN)]))).toBe("search/not-finite");
      expect(await code(index.search(vectors[0]!, { filter: { a: { near: 1 } as never } }))).toBe("search/filter");
      expect(await code(index.search(vectors[0]!, { topK: 0 }))).toBe("input/option");
    });
  });
}
