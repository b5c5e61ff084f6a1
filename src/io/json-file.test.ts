import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CheckpointError } from "../errors.js";
import { readJsonFile } from "./json-file.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-json-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("reads an object", async () => {
  const path = join(folder, "config.json");
  writeFileSync(path, ' {"id2label": {"0": "joie é"}, "__proto__": {"polluted": 1}}\n');
  const config = await readJsonFile(path);
  expect(config.id2label).toEqual({ "0": "joie é" });
  expect(Object.keys(config)).toEqual(["id2label", "__proto__"]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it.each<[string, string, string | Uint8Array]>([
  ["checkpoint/not-json", "an empty file", ""],
  ["checkpoint/not-json", "half an object", '{"a": 1'],
  ["checkpoint/not-json", "a byte order mark", "\ufeff{}"],
  ["checkpoint/not-json", "NaN", '{"a": NaN}'],
  ["checkpoint/not-an-object", "a list", "[1]"],
  ["checkpoint/not-an-object", "null", "null"],
  ["checkpoint/not-an-object", "a string", '"a"'],
  ["checkpoint/not-utf8", "a Latin-1 letter", Uint8Array.of(0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d)],
  ["checkpoint/other-format", "an LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"],
  ["checkpoint/other-format", "an HTML page", "<!doctype html><html></html>"],
])("refuses with %s: %s", async (code, what, contents) => {
  const path = join(folder, `${what}.json`);
  writeFileSync(path, contents);
  const error = await readJsonFile(path).catch((reason) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(`${what}.json`) });
});

it("refuses a file that is missing, a folder, or larger than 64 MB", async () => {
  mkdirSync(join(folder, "folder.json"));
  writeFileSync(join(folder, "large.json"), "{}");
  truncateSync(join(folder, "large.json"), 64e6 + 1);
  await expect(readJsonFile(join(folder, "none.json"))).rejects.toMatchObject({ code: "checkpoint/file-missing" });
  await expect(readJsonFile(join(folder, "folder.json"))).rejects.toMatchObject({ code: "checkpoint/file-unreadable" });
  await expect(readJsonFile(join(folder, "large.json"))).rejects.toMatchObject({ code: "checkpoint/file-too-large" });
});
