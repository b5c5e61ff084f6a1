import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cosineSimilarity } from "../../tasks/embedding.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { runForTest } from "./run-cli.testing.js";

const conformance = join(import.meta.dirname, "../../../conformance");
const MODEL = tinyModel("vit");
const PICTURES = join(conformance, "pictures");
const photo = (name: string) => join(conformance, `photos/${name}.png`);
const PICTURE = photo("hopper");

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-dtype-"));
  const examples = { happy: ["hopper", "astronaut"], sad: ["chelsea", "coffee"] };
  const rows = Object.entries(examples).flatMap(([label, names]) => names.map((name) => `${photo(name)},${label}`));
  writeFileSync(join(folder, "examples.csv"), ["path,label", ...rows].join("\n"));
  await runForTest(["index", MODEL, PICTURE, "--out", join(folder, "index"), "--dtype", "int8"]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each command that loads a model, by its words. */
const COMMANDS: Record<string, () => string[]> = {
  classify: () => [MODEL, PICTURE],
  embed: () => [MODEL, PICTURE],
  duplicates: () => [MODEL, PICTURE, PICTURES],
  cluster: () => [MODEL, PICTURE, PICTURES, "--method", "k-means", "--count", "1"],
  explain: () => [MODEL, PICTURE, "--out", join(folder, "map.png")],
  index: () => [MODEL, PICTURE, "--out", join(folder, "index")],
  evaluate: () => [MODEL, join(folder, "examples.csv")],
  fit: () => [join(folder, "examples.csv"), "--model", MODEL, "--out", join(folder, "head"), "--validation", "0.5"],
  search: () => [join(folder, "index"), PICTURE, "--model", MODEL],
  faces: () => [PICTURE, "--attributes", `emotion=${MODEL}`],
  "batch classify": () => [MODEL, PICTURE, "--out", join(folder, "rows.jsonl")],
  "batch embed": () => [MODEL, PICTURE, "--out", join(folder, "vectors.jsonl")],
  "batch faces": () => [PICTURE, "--attributes", `emotion=${MODEL}`, "--out", join(folder, "faces.jsonl")],
};

const run = (command: string, ...more: string[]) =>
  runForTest([...command.split(" "), ...COMMANDS[command]!(), ...more]);

describe("--dtype", () => {
  it.each(Object.keys(COMMANDS))("of %s keeps weights as int8", async (command) => {
    expect(await run(command, "--dtype", "int8")).toMatchObject({ code: 0 });
  });

  it.each(Object.keys(COMMANDS))("of %s ends with 2 on an engine that can't, which is named", async (command) => {
    const { code, notes } = await run(command, "--dtype", "int8", "--engine", "cpu");
    expect(notes).toMatch(/engine\/dtype.*"cpu"/s);
    expect(code).toBe(2);
  });

  it("changes an embedding a little, and differently for each", async () => {
    const vector = async (dtype: string) =>
      (await run("embed", "--json", "--dtype", dtype)).json()[0].embedding as number[];
    const [full, half, bytes] = [await vector("float32"), await vector("float16"), await vector("int8")];
    expect(new Set([full, half, bytes].map(String)).size).toBe(3);
    expect(cosineSimilarity(Float32Array.from(full), Float32Array.from(half))).toBeGreaterThan(0.99999);
    expect(cosineSimilarity(Float32Array.from(full), Float32Array.from(bytes))).toBeGreaterThan(0.99);
  });

  it("ends with 2 for a precision that there is not, and for faces without a model to keep so", async () => {
    expect(await run("embed", "--dtype", "int4")).toMatchObject({ code: 2 });
    const { code, notes } = await runForTest(["faces", PICTURE, "--dtype", "int8"]);
    expect(code).toBe(2);
    expect(notes).toMatch(/--attributes/);
  });
});
