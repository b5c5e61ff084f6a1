import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Filter } from "./metadata-filter.js";
import { openIndex } from "./open-index.js";
import { openPostgresIndex, type PostgresClient, type PostgresOptions } from "./postgres-index.js";
import { clusteredVectors } from "./vectors.testing.js";

const WIDTH = 24;
const vectors = clusteredVectors({ count: 300, width: WIDTH, clusters: 12, spread: 0.7, seed: 5 });
const items = vectors.map((own, i) => ({
  id: `ü-${i}`,
  vector: own,
  metadata: { number: i, label: i % 3 === 0 ? "cat" : "Dog", tags: i % 2 === 0 ? ["pet", 7] : [], none: null },
}));
const queries = vectors.slice(0, 4);
let server: PGlite;
let folder: string;
// The server itself, compiled to WebAssembly, with pgvector: it takes some seconds to start.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-postgres-"));
  server = await PGlite.create({ extensions: { vector } });
}, 60_000);
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
const open = (options: Partial<PostgresOptions> = {}, client: PostgresClient = server) =>
  openPostgresIndex(client, { table: "photos", width: WIDTH, ...options });
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error) => error.code,
  );

describe("an index in PostgreSQL", () => {
  it.each(["cosine", "dot"] as const)(
    "with metric %s answers as the index in a folder does, filters and pages too",
    async (metric) => {
      await using remote = await open({ table: `same_${metric}`, metric });
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
      const filters: Filter[] = [
        {},
        { label: "cat" },
        { label: { in: ["cat", "bird"] }, number: { gte: 30, lt: 200 } },
        { label: { notIn: ["cat"] } },
        { missing: { notIn: ["cat"] } },
        { missing: null },
        { none: null },
        { tags: "pet" },
        { tags: 7 },
        { tags: { gt: 6 } },
        { tags: { notIn: ["pet"] } },
        { label: { lt: "a" } },
        { number: { lte: "5" } },
      ];
      for (const filter of filters) {
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

  it("refuses another model's vectors, other settings, other widths and names that are no table", async () => {
    const index = await open({ table: "refusing", fingerprint: "model-a" });
    expect(await code(open({ table: "refusing", fingerprint: "model-b" }))).toBe("search/other-model");
    expect(await code(open({ table: "refusing", metric: "dot" }))).toBe("search/settings");
    expect(await code(open({ table: "refusing", width: 9 }))).toBe("search/settings");
    expect(await code(open({ table: "x; DROP TABLE y" }))).toBe("input/option");
    expect(await code(open({}, {} as never))).toBe("input/option");
    expect(await code(index.add([{ id: "a", vector: [1] }]))).toBe("search/width");
    expect(await code(index.search([...vectors[0]!.map(() => Number.NaN)]))).toBe("search/not-finite");
    expect(await code(index.search(vectors[0]!, { filter: { "a' OR 1=1 --": "x" } }))).toBe("no error");
  });

  it("tries again after a failure that passes, and says what the server said of one that does not", async () => {
    let failures = 2;
    const flaky: PostgresClient = {
      async query(text, parameters) {
        if (text.startsWith("INSERT INTO flaky") && failures-- > 0)
          throw Object.assign(new Error("deadlock"), { code: "40P01" });
        return server.query(text, parameters as never[]);
      },
    };
    const index = await open({ table: "flaky" }, flaky);
    await index.add(items.slice(0, 5));
    expect(index.size).toBe(5);
    await server.query("DROP TABLE flaky");
    await expect(index.add(items.slice(0, 5))).rejects.toMatchObject({
      code: "search/server",
      details: { code: "42P01" },
    });
  });
});
