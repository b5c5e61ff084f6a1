import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../io/read-safetensors.js";
import { SERVERS_PYTHON, whyNoServers } from "./search/real-server.testing.js";
import { writeVectors } from "./write-vectors.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-vectors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const vectors = Array.from({ length: 2500 }, (_, i) => ({
  id: `ü "${i}"`,
  vector: new Float32Array([i, 0.1, -1 / 3]),
}));
const flat = new Float32Array(vectors.flatMap(({ vector }) => [...vector]));
// Buffer.prototype.slice would share memory at an address that is no multiple of 4.
const floats = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);

describe("writeVectors", () => {
  it("writes NumPy's format as NumPy does, with the ids beside it", async () => {
    await writeVectors(path("v.npy"), vectors);
    const bytes = readFileSync(path("v.npy"));
    // numpy.save of a float32 array of this shape begins with these 128 bytes.
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2500, 3), }";
    expect(bytes.subarray(0, 128).toString("latin1")).toBe(`\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`);
    expect(floats(bytes.subarray(128))).toEqual(flat);
    const ids = readFileSync(path("v.ids.jsonl"), "utf8").trimEnd().split("\n");
    expect(ids.map((line) => JSON.parse(line))).toEqual(vectors.map(({ id }) => id));
  });

  it("writes safetensors and JSON lines that hold all numbers and ids", async () => {
    await writeVectors(path("v.safetensors"), vectors);
    const { tensors, metadata } = readSafetensors(readFileSync(path("v.safetensors")));
    expect(tensors.get("vectors")).toMatchObject({ dtype: "F32", shape: [2500, 3] });
    expect(floats(tensors.get("vectors")!.bytes)).toEqual(flat);
    expect(JSON.parse(metadata!.ids!)).toEqual(vectors.map(({ id }) => id));
    await writeVectors(path("v.jsonl"), vectors);
    const lines = readFileSync(path("v.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ id }) => id)).toEqual(vectors.map(({ id }) => id));
    expect(new Float32Array(lines.flatMap(({ embedding }) => embedding))).toEqual(flat);
  });

  it("writes Parquet that hyparquet reads, in row groups, without loss", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => vectors[i % vectors.length]!);
    await writeVectors(path("v.parquet"), many);
    const file = await asyncBufferFromFile(path("v.parquet"));
    expect((await parquetMetadataAsync(file)).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([4096, 904]);
    const rows = (await parquetReadObjects({ file })) as { id: string; embedding: number[] }[];
    expect(rows.map(({ id }) => id)).toEqual(many.map(({ id }) => id));
    expect(new Float32Array(rows.flatMap(({ embedding }) => embedding))).toEqual(
      new Float32Array(many.flatMap(({ vector }) => [...vector])),
    );
  });

  it.skipIf(whyNoServers)(`writes Parquet that pyarrow reads${whyNoServers ? ` (${whyNoServers})` : ""}`, async () => {
    await writeVectors(path("p.parquet"), vectors);
    const script = "tools/reference/read_parquet.py";
    const printed = execFileSync(SERVERS_PYTHON, [join(import.meta.dirname, "../..", script), path("p.parquet")]);
    const { schema, ids, sha256 } = JSON.parse(printed.toString());
    expect(schema).toEqual({ id: "string", embedding: "list<element: float not null>" });
    expect(ids).toEqual(vectors.map(({ id }) => id));
    expect(sha256).toBe(createHash("sha256").update(new Uint8Array(flat.buffer)).digest("hex"));
  });

  it("writes no vectors too, and refuses other endings", async () => {
    for (const ending of ["npy", "safetensors", "parquet", "jsonl"]) await writeVectors(path(`none.${ending}`), []);
    expect(readSafetensors(readFileSync(path("none.safetensors"))).tensors.get("vectors")!.shape).toEqual([0, 0]);
    const file = await asyncBufferFromFile(path("none.parquet"));
    expect(await parquetReadObjects({ file })).toEqual([]);
    await expect(writeVectors(path("v.csv"), vectors)).rejects.toMatchObject({ code: "input/option" });
  });
});
