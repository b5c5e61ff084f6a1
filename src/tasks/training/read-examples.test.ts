import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExamples } from "./read-examples.js";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "vitrail-examples-"));
  for (const folder of ["cat/deep", "dog", "empty", ".hidden"]) mkdirSync(join(root, folder), { recursive: true });
  for (const file of [
    "cat/b.JPG",
    "cat/a.png",
    "cat/deep/c.webp",
    "cat/notes.txt",
    "dog/d.bmp",
    ".hidden/e.png",
    "f.jpeg",
  ])
    writeFileSync(join(root, file), "");
  symlinkSync(join(root, "dog"), join(root, "puppy"));
});
afterAll(() => rmSync(root, { recursive: true }));

const listing = async (name: string, text: string) => {
  writeFileSync(join(root, name), text);
  const { examples, omitted, problem } = await readExamples(join(root, name));
  return { examples: examples.map(({ image, labels }) => [image, ...labels]), omitted, problem };
};

describe("readExamples", () => {
  it("takes a folder's folders as labels, tells empty ones and pictures beside them, passes over hidden ones", async () => {
    const { problem, examples, omitted } = await readExamples(root);
    expect(problem).toBe("single-label");
    expect(examples.map(({ name, labels }) => [name.slice(root.length + 1), ...labels])).toEqual([
      ["cat/a.png", "cat"],
      ["cat/b.JPG", "cat"],
      ["cat/deep/c.webp", "cat"],
      ["dog/d.bmp", "dog"],
      ["puppy/d.bmp", "puppy"],
    ]);
    expect(omitted.map(({ name, code }) => [name.slice(root.length + 1), code])).toEqual([
      ["empty", "training/empty-folder"],
      ["f.jpeg", "training/labels"],
    ]);
  });

  it("reads a CSV, with paths relative to it", async () => {
    const { examples, omitted } = await listing("list.csv", `label,path\ncat,cat/a.png\ndog,/d.bmp\n"cat"\n,x.png\n`);
    expect(examples).toEqual([
      [join(root, "cat/a.png"), "cat"],
      ["/d.bmp", "dog"],
    ]);
    expect(omitted.map(({ name, code }) => [name.split(":").at(-1), code])).toEqual([
      ["4", "training/listing"],
      ["x.png", "training/labels"],
    ]);
  });

  it("reads lists of labels from a CSV and from JSON lines, none of them too", async () => {
    const csv = await listing("many.csv", "file_name,labels\na.png,cat|dog\nb.png,\n");
    expect(csv).toMatchObject({ problem: "multi-label", omitted: [] });
    expect(csv.examples).toEqual([[join(root, "a.png"), "cat", "dog"], [join(root, "b.png")]]);
    const lines = [
      '{"path":"a.png","labels":["cat","cat","dog"]}',
      "",
      '{"image":"b.png","labels":[]}',
      "{",
      "[]",
      "7",
      "{}",
    ];
    const json = await listing("many.jsonl", lines.join("\n"));
    expect(json.examples).toEqual(csv.examples);
    expect(json.omitted.map(({ name, code }) => [name.split(":").at(-1), code])).toEqual([
      ["4", "training/listing"],
      ["5", "training/listing"],
      ["6", "training/listing"],
      ["7", "training/listing"],
    ]);
  });

  it("takes numbers in a list as names", async () => {
    expect((await listing("numbers.jsonl", '{"path":"a.png","label":0}')).examples[0]![1]).toBe("0");
  });

  it.each([
    ["no-header.csv", "a.png,cat\n", "training/listing"],
    ["bytes.csv", new Uint8Array([0xff, 0xfe]), "training/listing"],
    ["empty.csv", "", "training/listing"],
    ["header-only.csv", "path,label", "training/no-examples"],
    ["empty.jsonl", "\n", "training/no-examples"],
    ["list.txt", "a", "training/listing"],
  ])("refuses %s", async (name, content, code) => {
    writeFileSync(join(root, name), content);
    await expect(readExamples(join(root, name))).rejects.toMatchObject({ code });
  });
});
