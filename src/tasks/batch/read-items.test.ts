import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BatchItem, censusOf } from "./batch-item.js";
import { openPicture, type PictureAccess } from "./open-picture.js";
import { type BatchInput, readItems } from "./read-items.js";
import { isInShard, parseShard } from "./shard.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-items-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const list = (name: string, content: string | Uint8Array): BatchInput => {
  writeFileSync(path(name), content);
  return { listing: path(name) };
};
const itemsOf = async (...inputs: BatchInput[]) => {
  const items: BatchItem[] = [];
  for await (const item of readItems(inputs)) items.push(item);
  return items;
};
const parquet = (columnData: Parameters<typeof parquetWrite>[0]["columnData"]) => {
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData });
  return writer.getBytes();
};

describe("readItems", () => {
  it("takes paths from the list's folder, URLs, data URIs and base64, and names each", async () => {
    const rows = [
      { path: "a.jpg" },
      { path: "/b.jpg", id: 7 },
      { file: "https://example.org/c.jpg" },
      { url: "https://example.org/d.jpg", id: "d" },
      { base64: "QUJD" },
      { image: "data:image/png;base64,QUJD" },
      { base64: "QUJD", id: "g" },
    ];
    const jsonl = `\ufeff${rows.map((row) => JSON.stringify(row)).join("\r\n\r\n")}\n`;
    const items = await itemsOf({ picture: "first.jpg" }, list("list.jsonl", jsonl), { picture: "last.jpg" });
    expect(items.map(({ id, source }) => [id, source])).toEqual([
      ["first.jpg", { kind: "path", value: "first.jpg" }],
      ["a.jpg", { kind: "path", value: path("a.jpg") }],
      ["7", { kind: "path", value: "/b.jpg" }],
      ["https://example.org/c.jpg", { kind: "url", value: "https://example.org/c.jpg" }],
      ["d", { kind: "url", value: "https://example.org/d.jpg" }],
      [`${path("list.jsonl")}:9`, { kind: "base64", value: "QUJD" }],
      [`${path("list.jsonl")}:11`, { kind: "base64", value: "data:image/png;base64,QUJD" }],
      ["g", { kind: "base64", value: "QUJD" }],
      ["last.jpg", { kind: "path", value: "last.jpg" }],
    ]);
    expect(items.map(({ index }) => index)).toEqual([...items.keys()]);
  });

  it("reads CSV whose cells hold commas, quotes and ends of lines", async () => {
    const csv = 'id,path,note\r\n1,"a, ""b"".jpg","two\nlines"\r\n\r\n2,c.jpg,\r\n3,"no end';
    expect((await itemsOf(list("list.csv", csv))).map(({ id, source }) => [id, source])).toEqual([
      ["1", { kind: "path", value: path('a, "b".jpg') }],
      ["2", { kind: "path", value: path("c.jpg") }],
      [`${path("list.csv")}:6`, { kind: "none", reason: "The line has 2 cells; the header 3." }],
    ]);
  });

  it("reads Parquet, with paths or with the pictures' own bytes, over many groups of rows", async () => {
    const ids = Array.from({ length: 700 }, (_, i) => `n${i}`);
    const paths = list(
      "paths.parquet",
      parquet([
        { name: "id", data: ids, type: "STRING" },
        { name: "path", data: ids.map((id) => `${id}.jpg`), type: "STRING" },
      ]),
    );
    const items = await itemsOf(paths);
    expect(items.map(({ id }) => id)).toEqual(ids);
    expect(items[699]!.source).toEqual({ kind: "path", value: path("n699.jpg") });
    const bytes = new Uint8Array([0xff, 0xd8, 0, 0x80]);
    const [picture] = await itemsOf(
      list("bytes.parquet", parquet([{ name: "bytes", data: [bytes], type: "BYTE_ARRAY" }])),
    );
    expect(picture).toEqual({
      ...{ index: 0, id: `${path("bytes.parquet")}:1` },
      source: { kind: "base64", value: Buffer.from(bytes).toString("base64") },
    });
    // As Hugging Face's data sets have them, and texts that nobody says are texts.
    const texts = parquet([{ name: "path", data: [new TextEncoder().encode("ü.jpg")], type: "BYTE_ARRAY" }]);
    const [text] = await itemsOf(list("old.parquet", texts));
    expect(text).toMatchObject({ id: "ü.jpg", source: { kind: "path", value: path("ü.jpg") } });
    const image = [
      { image: { bytes: null, path: "a.jpg" } },
      { image: { path: "https://example.org/b.jpg" }, id: "b" },
    ];
    const hugging = await itemsOf(list("hugging.jsonl", image.map((row) => JSON.stringify(row)).join("\n")));
    expect(hugging.map(({ id, source }) => [id, source.kind])).toEqual([
      ["a.jpg", "path"],
      ["b", "url"],
    ]);
  });

  it.each([
    ["{ no json", "The line is no JSON."],
    ["[1]", "The line is no JSON object."],
    ["null", "The line is no JSON object."],
    ['{"path": ""}', 'The row has no "path", "url" or "base64".'],
    ['{"path": 7}', 'The row has no "path", "url" or "base64".'],
    ['{"__proto__": {"path": "x.jpg"}}', 'The row has no "path", "url" or "base64".'],
  ])("makes a row of failure of the line %j", async (line, reason) => {
    const [, item] = await itemsOf(list("broken.jsonl", `{"path": "good.jpg"}\n${line}\n`));
    expect(item).toMatchObject({ index: 1, id: `${path("broken.jsonl")}:2`, source: { kind: "none", reason } });
  });

  it.each<[string, string, string | Uint8Array, RegExp]>([
    ["without a column of pictures", "a.csv", "name,label\na,b\n", /the columns "name", "label"; wanted "path"/],
    ["that is not UTF-8", "b.jsonl", new Uint8Array([0x7b, 0xff, 0xff]), /not UTF-8/],
    ["that is no Parquet", "c.parquet", "PAR1 something else", /as Parquet/],
    ["that is empty", "d.parquet", "", /as Parquet/],
  ])("refuses a list %s", async (_, name, content, words) => {
    await expect(itemsOf(list(name, content))).rejects.toMatchObject({
      code: "input/listing",
      message: expect.stringMatching(words),
    });
  });

  it("refuses a list that is not there", async () => {
    for (const name of ["none.csv", "none.jsonl", "none.parquet"])
      await expect(itemsOf({ listing: path(name) })).rejects.toMatchObject({ code: "input/listing" });
  });

  it("counts 300,000 lines with less than 100 MB more memory", async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `{"path":"folder/of/pictures/${i}.jpg"}`).join("\n");
    const big = list("long.jsonl", `${lines}\n`.repeat(300));
    const before = process.memoryUsage().rss;
    const { count } = await censusOf(readItems([big]));
    expect(count).toBe(300_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
});

it("has a hash of the list that changes with any id, place or source, wherever one ends and the next begins", async () => {
  const item = (id: string, value: string, index = 0): BatchItem => ({ index, id, source: { kind: "path", value } });
  const hashOf = async (...items: BatchItem[]) =>
    (
      await censusOf(
        (async function* () {
          yield* items;
        })(),
      )
    ).sha256;
  const all = [
    await hashOf(item("a", "b")),
    await hashOf(item("ab", "")),
    await hashOf(item("", "ab")),
    await hashOf(item("a", "b", 1)),
    await hashOf(item("a", "b"), item("c", "d", 1)),
    await hashOf(item("c", "d"), item("a", "b", 1)),
    await hashOf({ index: 0, id: "a", source: { kind: "url", value: "b" } }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

describe("openPicture", () => {
  const { signal } = new AbortController();
  const open = (source: BatchItem["source"], access: Partial<PictureAccess> = {}) =>
    openPicture(source, { folder, ...access }, signal);

  it("gives a picture's bytes, or the error that its row will have", async () => {
    writeFileSync(path("here.jpg"), "abc");
    const bytes = new TextEncoder().encode("abc");
    expect(new Uint8Array((await open({ kind: "path", value: "here.jpg" })) as Uint8Array)).toEqual(bytes);
    expect(new Uint8Array((await open({ kind: "base64", value: "YWJj" })) as Uint8Array)).toEqual(bytes);
    expect(await open({ kind: "path", value: "gone.jpg" })).toMatchObject({ code: "input/file-not-found" });
    expect(await open({ kind: "base64", value: "no base64!" })).toMatchObject({ code: "input/base64" });
    expect(await open({ kind: "none", reason: "The line is no JSON." })).toMatchObject({
      ...{ code: "input/listing-row", message: "The line is no JSON." },
    });
  });

  it("fetches URLs only where that is asked for", async () => {
    const source = { kind: "url", value: "https://example.org/a.jpg" } as const;
    expect(await open(source)).toMatchObject({ code: "input/urls-off" });
    const fetchPicture = async (url: string) => new TextEncoder().encode(url);
    expect(await open(source, { fetchPicture })).toEqual(new TextEncoder().encode(source.value));
  });
});

describe("shards", () => {
  it("give each of 10,000 ids to just one of 7 shards, none of which has 10 % more or less than its share", () => {
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const mine = [1, 2, 3, 4, 5, 6, 7].filter((number) => isInShard(`photo ${i}.jpg`, { number, count: 7 }));
      expect(mine).toHaveLength(1);
      counts[mine[0]! - 1]!++;
    }
    for (const count of counts) expect(Math.abs(count / (10_000 / 7) - 1)).toBeLessThan(0.1);
  });

  it.each(["0/2", "3/2", "1/0", "a/b", "1", "1/2/3", "-1/2", "1.5/2", ""])("are not %j", (text) => {
    expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: "input/option" }));
  });
});
