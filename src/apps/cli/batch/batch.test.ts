import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCsv } from "../../../tasks/csv.js";
import { tinyModel } from "../../../tasks/model-folder.testing.js";
import { runForTest as run } from "../run-cli.testing.js";

const PHOTOS = join(import.meta.dirname, "../../../../conformance/photos");
const NAMES = ["chelsea.png", "coffee.png", "hopper.png"];
const model = tinyModel("vit");
let folder: string;
const path = (...names: string[]) => join(folder, ...names);
const linesOf = (name: string) =>
  readFileSync(path(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-batch-cli-"));
  mkdirSync(path("photos"));
  for (const name of NAMES) cpSync(join(PHOTOS, name), path("photos", name));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("vitrail batch", () => {
  it("classifies folders, patterns, files and lists into one file, as vitrail classify does", async () => {
    writeFileSync(path("list.csv"), "path\nphotos/hopper.png\n");
    const inputs = [path("photos"), path("photos", "c*.png"), path("list.csv")];
    const { code, out } = await run(["batch", "classify", model, ...inputs, "--top-k", "2", "--out", path("a.jsonl")]);
    expect(code).toBe(0);
    expect(out).toBe(`6 rows in "${path("a.jsonl")}"`);
    const rows = linesOf("a.jsonl");
    const [chelsea, coffee, hopper] = NAMES.map((name) => path("photos", name));
    expect(rows.map(({ id }) => id)).toEqual([
      ...[chelsea, coffee, hopper],
      // What a pattern finds is named from the working folder.
      ...[relative(process.cwd(), chelsea!), relative(process.cwd(), coffee!)],
      "photos/hopper.png",
    ]);
    const { json } = await run(["classify", model, chelsea!, coffee!, hopper!, "--top-k", "2", "--json"]);
    expect(rows.slice(0, 3).map(({ labels }) => labels)).toEqual(
      json().map(({ labels }: { labels: object }) => labels),
    );
    const report = JSON.parse(readFileSync(path("a.jsonl.report.json"), "utf8"));
    expect(report).toMatchObject({ task: "classify", rows: 6, failures: 0, output: { file: path("a.jsonl") } });
  });

  it("embeds as vitrail embed does, to the bit", async () => {
    const pool = ["--pool", "mean", "--no-normalize"];
    await run(["batch", "embed", model, path("photos"), ...pool, "--out", path("b.jsonl")]);
    const { json } = await run(["embed", model, path("photos"), ...pool, "--json"]);
    const vectors = (rows: { embedding: number[] }[]) => rows.map(({ embedding }) => new Float32Array(embedding));
    expect(vectors(linesOf("b.jsonl"))).toEqual(vectors(json()));
  });

  it("finds faces as vitrail faces does", async () => {
    const attributes = ["--attributes", `emotion=${model}`];
    await run(["batch", "faces", path("photos", "hopper.png"), ...attributes, "--out", path("c.jsonl")]);
    const { json } = await run(["faces", path("photos", "hopper.png"), ...attributes, "--json"]);
    expect(linesOf("c.jsonl").map(({ width, height, faces }) => ({ width, height, faces }))).toEqual(
      json().map(({ width, height, faces }: Record<string, unknown>) => ({ width, height, faces })),
    );
  });

  it("keeps weights as it is told, which is another run", async () => {
    const argv = ["batch", "embed", model, path("photos"), "--threads", "1"];
    for (const dtype of ["float32", "int8"])
      expect((await run([...argv, "--dtype", dtype, "--out", path(`${dtype}.jsonl`)])).code).toBe(0);
    const [full, small] = ["float32", "int8"].map((dtype) =>
      linesOf(`${dtype}.jsonl`).map(({ embedding }) => embedding),
    );
    expect(small).not.toEqual(full);
  });

  it("makes rows of broken pictures and of URLs that are off or lead inside, tells their codes, and exits with 1", async () => {
    const rows = [
      { path: "gone.jpg" },
      { url: "http://127.0.0.1:80/a.jpg" },
      { base64: "!" },
      { path: "photos/coffee.png" },
    ];
    writeFileSync(path("list.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    const argv = ["batch", "classify", model, path("list.jsonl"), "--out"];
    const off = await run([...argv, path("off.csv")]);
    expect(off.code).toBe(1);
    expect(off.out).toMatch(/^4 rows in ".*", 3 of them failures$/);
    const codes = (name: string) => {
      const [header, ...cells] = parseCsv(readFileSync(path(name), "utf8")).map((row) => row.cells);
      return cells.map((row) => row[header!.indexOf("error_code")]);
    };
    expect(codes("off.csv")).toEqual(["input/file-not-found", "input/urls-off", "input/base64", ""]);
    expect(off.notes).toMatch(/^1 × input\/base64$/m);
    await run([...argv, path("on.csv"), "--urls"]);
    expect(codes("on.csv")).toEqual(["input/file-not-found", "server/url-refused", "input/base64", ""]);
  });

  it("goes on where it was interrupted, and tells how far it is", async () => {
    const argv = [
      "batch",
      "classify",
      model,
      path("photos"),
      "--part-size",
      "1",
      "--batch",
      "1",
      "--out",
      path("d.jsonl"),
    ];
    expect((await run(["batch", "status", path("d.jsonl")])).out).toMatch(/no batch has begun here/);
    await run(argv);
    const wanted = readFileSync(path("d.jsonl"));
    rmSync(path("d.jsonl"));
    const interrupt = new AbortController();
    const stopped = run(argv, { signal: interrupt.signal });
    const hasPart = () =>
      existsSync(path("d.jsonl.parts")) && readdirSync(path("d.jsonl.parts")).some((name) => /^part-/.test(name));
    for (let isOver = false; !isOver && !hasPart(); ) {
      const pause = new Promise<false>((resolve) => setTimeout(resolve, 1, false));
      isOver = await Promise.race([stopped.then(() => true), pause]); // the machine may be faster
    }
    interrupt.abort(new Error("interrupted"));
    const { code } = await stopped;
    if (code === 130) {
      expect((await run(["batch", "status", path("d.jsonl")])).out).toMatch(
        /^.*d\.jsonl: [123] of 3 rows \(\d+\.\d %\), [123] of 3 parts$/,
      );
      const other = await run(["batch", "classify", model, path("photos"), "--out", path("d.jsonl")]);
      expect(other).toMatchObject({
        code: 2,
        notes: expect.stringMatching(/the size of parts, the pictures in one pass differ/),
      });
    } else expect(code).toBe(0);
    expect((await run(argv)).code).toBe(0);
    expect(readFileSync(path("d.jsonl")).equals(wanted)).toBe(true);
    const { json } = await run(["batch", "status", path("d.jsonl"), "--json"]);
    expect(json()).toMatchObject({ batch: { state: "ended", rows: 3, total: 3 } });
  });

  it.each([
    ["no output", ["classify", model, "a.jpg"]],
    ["an output without a format", ["classify", model, "a.jpg", "--out", "a.txt"]],
    ["standard input", ["classify", model, "-", "--out", "a.csv"]],
    ["a shard that is none", ["classify", model, "a.jpg", "--out", "a.csv", "--shard", "3/2"]],
    ["a list that is not there", ["classify", model, "none.csv", "--out", join(tmpdir(), "a.csv")]],
    ["parts of nothing", ["classify", model, "a.jpg", "--out", "a.csv", "--part-size", "0"]],
    ["no task", []],
    ["a task that there is not", ["paint", model, "a.jpg"]],
  ])("exits with 2 for %s", async (_, argv) => {
    expect((await run(["batch", ...argv])).code).toBe(2);
  });

  it("exits with 3 where there is no such model", async () => {
    expect((await run(["batch", "classify", path("none"), path("photos"), "--out", path("e.csv")])).code).toBe(3);
  });
});
