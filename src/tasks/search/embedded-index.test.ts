import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedIndex } from "./embedded-index.js";
import { PRECISIONS } from "./manifest.js";
import { type IndexOptions, openIndex } from "./open-index.js";
import { clusteredVectors } from "./vectors.testing.js";

let folder: string;
let opened: EmbeddedIndex[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-index-"));
  opened = [];
});
afterEach(async () => {
  for (const index of opened) await index.close();
  rmSync(folder, { recursive: true });
});

async function open(options: IndexOptions = {}, path = folder): Promise<EmbeddedIndex> {
  const index = await openIndex(path, { threads: 2, ...options });
  opened.push(index);
  return index;
}
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error) => error.code,
  );
const WIDTH = 50;
const vectors = clusteredVectors({ count: 3000, width: WIDTH, clusters: 20, spread: 0.7, seed: 1 });
const items = vectors.map((vector, i) => ({ id: `photo-${i}`, vector, metadata: { number: i, even: i % 2 === 0 } }));
const file = (name: string) => join(folder, name);

/** Ids by a plain loop over all vectors in float64. */
function exactly(query: Float32Array, topK: number, accepts = (_: number) => true): string[] {
  return vectors
    .map((vector, i) => ({ id: `photo-${i}`, i, score: vector.reduce((sum, value, k) => sum + value * query[k]!, 0) }))
    .filter(({ i }) => accepts(i))
    .sort((a, b) => b.score - a.score)
    .slice(0, topK)
    .map(({ id }) => id);
}
const ids = (hits: readonly { id: string }[]) => hits.map(({ id }) => id);

describe("a search", () => {
  it("finds what a plain loop over all vectors finds, for one query and for 60 at once", async () => {
    const index = await open();
    await index.add(items);
    const queries = clusteredVectors({ count: 60, width: WIDTH, clusters: 20, spread: 0.7, seed: 1, from: 5000 });
    const together = await index.search(queries, { topK: 10 });
    expect(together.map(ids)).toEqual(queries.map((query) => exactly(query, 10)));
    const alone = await index.search(queries[0]!);
    expect(ids(alone)).toEqual(ids(together[0]!));
    for (const [i, { score }] of alone.entries()) expect(score).toBeCloseTo(together[0]![i]!.score, 6);
    expect(alone[0]).toMatchObject({ metadata: { number: Number(alone[0]!.id.slice(6)) } });
  });

  it.each([
    ["int8-only", 0.97],
    ["int8", 0.99],
  ] as const)("with precision %s has recall@10 of at least %f", async (precision, least) => {
    const index = await open({ precision });
    await index.add(items);
    await index.save();
    const queries = clusteredVectors({ count: 50, width: WIDTH, clusters: 20, spread: 0.7, seed: 1, from: 5000 });
    let found = 0;
    for (const [i, hits] of (await index.search(queries, { topK: 10 })).entries()) {
      const wanted = new Set(exactly(queries[i]!, 10));
      found += hits.filter(({ id }) => wanted.has(id)).length;
    }
    expect(found / 500).toBeGreaterThanOrEqual(least);
  });

  it("gives pages that join without gap or overlap, and filters by metadata", async () => {
    const index = await open();
    await index.add(items);
    const query = vectors[7]!;
    const all = ids(await index.search(query, { topK: 30 }));
    const pages = [0, 10, 20].map((offset) => index.search(query, { topK: 10, offset }));
    expect((await Promise.all(pages)).flatMap(ids)).toEqual(all);
    const odd = await index.search(query, { topK: 20, filter: { even: false, number: { gte: 100, lt: 2000 } } });
    expect(ids(odd)).toEqual(exactly(query, 20, (i) => i % 2 === 1 && i >= 100 && i < 2000));
  });

  it("orders equal scores by id, whatever the order in which they came", async () => {
    const index = await open();
    const vector = new Float32Array([1, 0]);
    for (const id of ["c", "a", "d", "b"]) await index.add([{ id, vector }]);
    expect(ids(await index.search(vector, { topK: 3 }))).toEqual(["a", "b", "c"]);
  });

  it("of an empty index finds nothing", async () => {
    const index = await open();
    expect(await index.search([1, 2, 3])).toEqual([]);
    expect(await index.search([[1, 2, 3]])).toEqual([[]]);
    await index.save();
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("takes no more memory after 10,000 searches", async () => {
    const index = await open();
    await index.add(items.slice(0, 100));
    const before = tf.memory().numTensors;
    await index.search(vectors[0]!);
    const inUse = (index as unknown as { rows: { engine: { memory: { inUse: number } } } }).rows.engine.memory;
    const bytes = inUse.inUse;
    for (let i = 0; i < 10_000; i++) await index.search(vectors[i % 3000]!, { topK: 3 });
    expect(inUse.inUse).toBe(bytes);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(PRECISIONS)("with precision %s, an index", (precision) => {
  it("is the same after it was saved in many steps, with replaced and removed items, and opened again", async () => {
    const index = await open({ precision });
    const wanted = new Map<string, number>();
    for (let step = 0; step < 25; step++) {
      const some = items.slice(step * 37, step * 37 + 60);
      // A later step says it anew: the same id with the vector of another.
      const changed = some.map(({ id, metadata }, i) => ({ id, metadata, vector: vectors[(step * 11 + i) % 3000]! }));
      await index.add(changed);
      for (const [i, { id }] of changed.entries()) wanted.set(id, (step * 11 + i) % 3000);
      const gone = [...wanted.keys()].filter((_, i) => i % 7 === step % 7).slice(0, 9);
      const [one, ...others] = gone;
      expect(await index.remove(one!)).toBe(1);
      expect(await index.remove([...others, "never there"])).toBe(others.length);
      for (const id of gone) wanted.delete(id);
      if (step % 3 !== 2) await index.save();
    }
    await index.save();
    const before = await index.search(vectors.slice(0, 5), { topK: 20 });
    await index.close();

    const again = await open({ precision });
    expect(again.size).toBe(wanted.size);
    expect(again.ids().sort()).toEqual([...wanted.keys()].sort());
    for (const [id, number] of [...wanted].slice(0, 50)) {
      const { vector } = (await again.get(id))!;
      expect(vector.reduce((sum, value, k) => sum + value * vectors[number]![k]!, 0)).toBeCloseTo(1, 6);
    }
    expect(await again.search(vectors.slice(0, 5), { topK: 20 })).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.endsWith(".jsonl")).length).toBeLessThan(8);
  });
});

describe("an index refuses", () => {
  it.each<[string, string, (index: EmbeddedIndex) => Promise<unknown>]>([
    ["a vector of another width", "search/width", (index) => index.add([{ id: "x", vector: [1, 2] }])],
    ["a query of another width", "search/width", (index) => index.search([1, 2])],
    ["NaN", "search/not-finite", (index) => index.add([{ id: "x", vector: [1, Number.NaN, 2] }])],
    ["null, as JSON has NaN", "search/not-finite", (index) => index.add([{ id: "x", vector: [1, null as never, 2] }])],
    ["big integers", "search/not-finite", (index) => index.search([1n, 2n, 3n] as never)],
    ["no query", "search/item", (index) => index.search(undefined as never)],
    ["no ids to remove", "search/item", (index) => index.remove(null as never)],
    ["infinity", "search/not-finite", (index) => index.search([1, Number.POSITIVE_INFINITY, 2])],
    ["numbers whose product overflows", "search/not-finite", (index) => index.search([1e30, 0, 0])],
    ["an empty id", "search/item", (index) => index.add([{ id: "", vector: [1, 2, 3] }])],
    ["half a surrogate pair", "search/item", (index) => index.add([{ id: "\ud800", vector: [1, 2, 3] }])],
    ["an item without a vector", "search/item", (index) => index.add([{ id: "x" } as never])],
    ["what is no list", "search/item", (index) => index.add("x" as never)],
    [
      "metadata that JSON can't hold",
      "search/metadata",
      (index) => index.add([{ id: "x", vector: [1, 2, 3], metadata: { big: 1n } }]),
    ],
    [
      "an unknown comparison",
      "search/filter",
      (index) => index.search([1, 2, 3], { filter: { a: { like: 1 } as never } }),
    ],
    ["an unknown option", "input/option", (index) => index.search([1, 2, 3], { limit: 3 } as never)],
    ["topK 0", "input/option", (index) => index.search([1, 2, 3], { topK: 0 })],
  ])("%s", async (_, wanted, use) => {
    const index = await open();
    await index.add([{ id: "a", vector: [1, 2, 3] }]);
    expect(await code(use(index))).toBe(wanted);
    expect(index.size).toBe(1);
  });

  it("all of a batch when one item is bad", async () => {
    const index = await open();
    expect(
      await code(
        index.add([
          { id: "a", vector: [1, 2] },
          { id: "b", vector: [1] },
        ]),
      ),
    ).toBe("search/width");
    expect(index.size).toBe(0);
  });

  it("another model, another width, other settings, and a second writer", async () => {
    const index = await open({ fingerprint: "model-a" });
    await index.add([{ id: "a", vector: [1, 2, 3] }]);
    await index.save();
    expect(await code(open())).toBe("search/locked");
    expect(await code(open({ mode: "read", fingerprint: "model-b" }))).toBe("search/other-model");
    expect(await code(open({ mode: "read", width: 4 }))).toBe("search/width");
    expect(await code(open({ mode: "read", metric: "dot" }))).toBe("search/settings");
    expect(await code(open({ mode: "read", precision: "int8" }))).toBe("search/settings");
    const reader = await open({ mode: "read", fingerprint: "model-a" });
    expect(reader.fingerprint).toBe("model-a");
    expect(await code(reader.add([{ id: "b", vector: [1, 2, 3] }]))).toBe("search/read-only");
    await index.close();
    expect(await code(index.search([1, 2, 3]))).toBe("search/closed");
    expect((await open()).size).toBe(1);
  });
});

describe("a folder that is damaged", () => {
  const name = "000000";
  beforeEach(async () => {
    const index = await open();
    await index.add(items.slice(0, 20));
    await index.save();
    await index.close();
  });

  it.each<[string, string, () => void]>([
    ["cut vectors", "search/segment", () => truncateSync(file(`${name}.safetensors`), 1000)],
    ["cut lines", "search/segment", () => truncateSync(file(`${name}.jsonl`), 300)],
    ["missing lines", "search/segment", () => rmSync(file(`${name}.jsonl`))],
    ["missing vectors", "search/segment", () => rmSync(file(`${name}.safetensors`))],
    ["other bytes for vectors", "search/segment", () => fill(`${name}.safetensors`)],
    ["other bytes for lines", "search/segment", () => fill(`${name}.jsonl`)],
    ["a manifest that is no JSON", "search/manifest", () => truncateSync(file("manifest.json"), 40)],
    ["another file's manifest", "search/manifest", () => writeFileSync(file("manifest.json"), "{}")],
    ["a later version", "search/version", () => edit((text) => text.replace('"version": 1', '"version": 9'))],
    ["a name that leaves the folder", "search/manifest", () => edit((text) => text.replace(name, "../../etc"))],
    ["another width", "search/segment", () => edit((text) => text.replace('"width": 50', '"width": 25'))],
  ])("with %s is refused as %s, for reading and for writing", async (_, wanted, damage) => {
    damage();
    expect(await code(open({ mode: "read" }))).toBe(wanted);
    expect(await code(open())).toBe(wanted);
    expect(readdirSync(folder)).not.toContain("lock");
  });

  const fill = (name: string) => writeFileSync(file(name), Buffer.alloc(readFileSync(file(name)).length, 0xff));
  const edit = (change: (text: string) => string) =>
    writeFileSync(file("manifest.json"), change(readFileSync(file("manifest.json"), "utf8")));

  it("by a stop between two files keeps what was saved, and loses the rest", async () => {
    cpSync(file(`${name}.jsonl`), file("000001.jsonl"));
    writeFileSync(file(".000002.safetensors.0123456789ab.tmp"), "x");
    const index = await open();
    expect(index.size).toBe(20);
    expect(readdirSync(folder).sort()).toEqual([`${name}.jsonl`, `${name}.safetensors`, "lock", "manifest.json"]);
  });

  it("that is not there, or empty, is no index to read", async () => {
    expect(await code(open({ mode: "read" }, file("nothing")))).toBe("search/not-found");
    expect(await code(open({}, file("manifest.json")))).toBe("search/write-failed");
  });
});
