import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../io/write-safetensors.js";
import { isVectorFile, readVectors } from "./read-vectors.js";
import { writeVectors } from "./write-vectors.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-read-vectors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const vectors = Array.from({ length: 2500 }, (_, i) => ({
  id: `ü "${i}"`,
  vector: new Float32Array([i, 0.1, -1 / 3]),
}));

async function all(file: string) {
  const found = [];
  for await (const item of readVectors(file)) found.push(item);
  return found;
}

describe("readVectors", () => {
  it.each([".jsonl", ".npy", ".safetensors", ".parquet"])(
    "gives back what writeVectors wrote as %s, to the bit",
    async (ending) => {
      expect(isVectorFile(`photos/v${ending}`)).toBe(true);
      await writeVectors(path(`v${ending}`), vectors);
      expect(await all(path(`v${ending}`))).toEqual(vectors);
    },
  );

  it("passes over rows of a batch whose picture failed, and takes a path for an id", async () => {
    const rows = [
      { path: "a.jpg", embedding: [1, 2] },
      { path: "b.jpg", error: { code: "image/corrupt" } },
      { path: "c.jpg", embedding: null, error_code: "image/corrupt" }, // as Parquet has it
    ];
    writeFileSync(path("batch.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    expect(await all(path("batch.jsonl"))).toEqual([{ id: "a.jpg", vector: Float32Array.of(1, 2) }]);
  });

  it("says of everything else what is wrong with it: input/vectors", async () => {
    const npy = readFileSync(path("v.npy"));
    const float64 = Buffer.from(npy.toString("latin1").replace("<f4", "<f8"), "latin1");
    const one = { dtype: "F32", shape: [1, 2], bytes: new Uint8Array(8) } as const;
    const files: [string, Uint8Array | string][] = [
      ["pictures.jsonl", '{"path":"a.jpg","label":"cat"}\n'],
      ["text.jsonl", '{"id":"a","embedding":["1","x"]}\n'],
      ["empty.npy", ""],
      ["cut.npy", npy.subarray(0, 1000)],
      ["float64.npy", float64],
      ["no-rows.npy", Buffer.from(npy.toString("latin1").replace("(2500, 3)", "(7500,)  "), "latin1")],
      ["weights.safetensors", writeSafetensors([["weight", one]])],
      ["no-ids.safetensors", writeSafetensors([["vectors", one]])],
    ];
    for (const [name, bytes] of files) {
      writeFileSync(path(name), bytes);
      await expect(all(path(name)), name).rejects.toMatchObject({ code: "input/vectors" });
    }
    truncateSync(path("v.ids.jsonl"), 100);
    await expect(all(path("v.npy"))).rejects.toMatchObject({ code: "input/vectors" });
    await expect(all(path("nowhere.npy"))).rejects.toMatchObject({ code: "input/vectors" });
  });
});
