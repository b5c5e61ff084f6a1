import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCsv } from "../csv.js";
import { tinyModel } from "../model-folder.testing.js";
import type { BatchProgress } from "./batch-progress.js";
import type { BatchSpec } from "./batch-task.js";
import { hashTask } from "./hash-task.testing.js";
import { loadBatchTask } from "./load-batch-task.js";
import { type BatchOptions, runBatch } from "./run-batch.js";
import { RunFolder } from "./run-folder.js";

const PHOTOS = join(import.meta.dirname, "../../../conformance/photos");
const NAMES = ["chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "hopper.png"];
let folder: string;
const path = (...names: string[]) => join(folder, ...names);
const pictures = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ picture: path("small", `${from + i}.jpg`) }));
const text = (name: string) => readFileSync(path(name), "utf8");
const rowsOf = (name: string) =>
  text(name)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-batch-"));
  mkdirSync(path("photos"));
  mkdirSync(path("small"));
  for (const name of NAMES) cpSync(join(PHOTOS, name), path("photos", name));
  for (let i = 0; i < 40; i++) writeFileSync(path("small", `${i}.jpg`), i % 7 === 3 ? `bad ${i}` : `picture ${i}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (output: string, options: Partial<BatchOptions> = {}, task = () => hashTask()) =>
  runBatch(
    {
      ...{ inputs: pictures(20), output: path(output), task: "hash", access: { folder } },
      ...{ partSize: 4, signal: new AbortController().signal },
      ...options,
    },
    async () => task(),
  );

describe("runBatch", () => {
  it("writes a row for each picture in the order of the inputs, failures among them, and a summary", async () => {
    const summary = await run("a.jsonl", { inputs: [...pictures(20), { picture: path("small", "missing.jpg") }] });
    const rows = rowsOf("a.jsonl");
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(rows[2]).toEqual({
      index: 2,
      id: path("small", "2.jpg"),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      numbers: expect.any(Array),
    });
    expect(rows[3].error).toEqual({ code: "image/unsupported-format", message: expect.any(String) });
    expect(rows[20].error.code).toBe("input/file-not-found");
    expect(summary).toMatchObject({
      rows: 21,
      failures: 4,
      errors: { "image/unsupported-format": 3, "input/file-not-found": 1 },
    });
    expect(JSON.parse(text("a.jsonl.report.json"))).toEqual(summary);
    expect(text("a.jsonl.report.html")).toContain("image/unsupported-format");
    expect(text("a.jsonl.report.html")).not.toMatch(/<script|https?:/);
    expect(existsSync(path("a.jsonl.parts"))).toBe(false);
    expect(existsSync(path("a.jsonl.lock"))).toBe(false);
  });

  it("writes the same as CSV and as Parquet, with empty cells where there was a failure", async () => {
    for (const format of ["jsonl", "csv", "parquet"]) await run(`b.${format}`);
    const rows = rowsOf("b.jsonl");
    const [header, ...cells] = parseCsv(text("b.csv")).map((row) => row.cells);
    expect(header).toEqual(["index", "id", "digest", "numbers", "error_code", "error_message"]);
    expect(cells).toEqual(
      rows.map(({ index, id, digest = "", numbers, error }) => [
        ...[String(index), id, digest, numbers ? JSON.stringify(numbers) : ""],
        ...[error?.code ?? "", error?.message ?? ""],
      ]),
    );
    const file = await asyncBufferFromFile(path("b.parquet"));
    const table = (await parquetReadObjects({ file })) as Record<string, unknown>[];
    const nullFor = (value: unknown) => value ?? null;
    expect(table.map((row) => ({ ...row, numbers: row.numbers ? [...(row.numbers as number[])] : null }))).toEqual(
      rows.map(({ index, id, digest, numbers, error }) => ({
        ...{ index, id, digest: nullFor(digest), numbers: nullFor(numbers) },
        ...{ error_code: nullFor(error?.code), error_message: nullFor(error?.message) },
      })),
    );
  });

  it("goes on after an abort at any group, reads no part again, and ends with the same bytes", async () => {
    await run("whole.jsonl");
    const wanted = text("whole.jsonl");
    for (let stop = 1; stop <= 7; stop++) {
      const controller = new AbortController();
      let groups = 0;
      const stopping = {
        progress: () => void (++groups === stop && controller.abort(new Error("stop"))),
        signal: controller.signal,
      };
      await expect(run("c.jsonl", stopping)).rejects.toThrow("stop");
      expect(existsSync(path("c.jsonl"))).toBe(false);
      const told: BatchProgress[] = [];
      await run("c.jsonl", { progress: (progress) => told.push(progress) });
      expect(text("c.jsonl")).toBe(wanted);
      // A group of 3 and one of 1 make a part of 4; what an aborted part had is done again.
      expect(told[0]!.rows).toBe(Math.floor(stop / 2) * 4 + 3);
      expect(told.at(-1)).toMatchObject({ rows: 20, total: 20, timeLeft: 0 });
      rmSync(path("c.jsonl"));
    }
  });

  it("does not begin again what has ended, unless the output is not what it wrote, or --fresh is said", async () => {
    let answered = 0;
    const counting = () => {
      const task = hashTask();
      const answer = (...call: Parameters<typeof task.answer>) => {
        answered++;
        return task.answer(...call);
      };
      return { ...task, answer };
    };
    const first = await run("d.jsonl", {}, counting);
    const passes = answered;
    expect(await run("d.jsonl", {}, counting)).toEqual(first);
    expect(answered).toBe(passes);
    await run("d.jsonl", { start: "anew" }, counting);
    expect(answered).toBe(2 * passes);
    writeFileSync(path("d.jsonl"), text("d.jsonl").replace(/[0-9a-f]{64}/, "f".repeat(64)));
    await run("d.jsonl", {}, counting);
    expect(answered).toBe(3 * passes);
    expect(text("d.jsonl")).toBe(text("whole.jsonl"));
  });

  it("refuses the parts of other pictures, models, options, shards and formats, and says which differ", async () => {
    const stopped = async (output: string) => {
      const controller = new AbortController();
      let parts = 0;
      const progress = () => void (++parts === 4 && controller.abort(new Error("stop")));
      await expect(run(output, { progress, signal: controller.signal })).rejects.toThrow("stop");
    };
    await stopped("e.jsonl");
    const refused = (words: RegExp) => ({ code: "batch/another-run", message: expect.stringMatching(words) });
    await expect(run("e.jsonl", { inputs: pictures(21) })).rejects.toMatchObject(
      refused(/the list of pictures differs/),
    );
    await expect(run("e.jsonl", { partSize: 5 })).rejects.toMatchObject(refused(/the size of parts differs/));
    await expect(run("e.jsonl", { shard: { number: 1, count: 2 } })).rejects.toMatchObject(
      refused(/the list of pictures, the shard differ\b/),
    );
    const other = () => ({ ...hashTask(), fingerprint: { kind: "other" } });
    await expect(run("e.jsonl", {}, other)).rejects.toMatchObject(
      refused(/the model, its numbers or its options differs/),
    );
    await run("e.jsonl");
    expect(text("e.jsonl")).toBe(text("whole.jsonl"));
    await stopped("e2.jsonl");
    await run("e2.jsonl", { inputs: pictures(21), start: "anew" });
    expect(rowsOf("e2.jsonl")).toHaveLength(21);
  });

  it("refuses a part that is not what it wrote, and an output that another process works on", async () => {
    const controller = new AbortController();
    let groups = 0;
    const progress = () => void (++groups === 7 && controller.abort(new Error("stop")));
    await expect(run("f.jsonl", { progress, signal: controller.signal })).rejects.toThrow("stop");
    const part = (await RunFolder.read(path("f.jsonl.parts")))!.fileOf(1);
    const whole = readFileSync(part);
    for (const broken of [
      whole.subarray(0, whole.length - 5),
      whole.subarray(0, whole.indexOf("\n") + 1),
      Buffer.from(""),
    ]) {
      writeFileSync(part, broken);
      await expect(run("f.jsonl")).rejects.toMatchObject({ code: "batch/damaged" });
    }
    rmSync(part);
    await run("f.jsonl");
    expect(text("f.jsonl")).toBe(text("whole.jsonl"));
    const unlock = await RunFolder.lock(path("f.jsonl"));
    await expect(run("f.jsonl")).rejects.toMatchObject({ code: "batch/busy", details: { pid: process.pid } });
    await unlock();
  });

  const stoppedAfterAPart = async (output: string) => {
    const controller = new AbortController();
    let groups = 0;
    const progress = () => void (++groups === 4 && controller.abort(new Error("stop")));
    await expect(run(output, { progress, signal: controller.signal })).rejects.toThrow("stop");
    return (await RunFolder.read(path(`${output}.parts`)))!;
  };

  it("takes no part that a worker of an earlier run wrote too late, and none of a folder that was being removed", async () => {
    const old = await stoppedAfterAPart("late.jsonl");
    await run("late.jsonl", { start: "anew" });
    rmSync(path("late.jsonl"));
    const now = await RunFolder.open(path("late.jsonl"), { ...old.settings, partSize: 5 });
    await old.write(0, [{ index: 0, id: "late" }]);
    expect(await now.done()).toEqual(new Set());
    await run("late.jsonl", { partSize: 5 });
    expect(rowsOf("late.jsonl").map(({ digest }) => digest)).toEqual(rowsOf("whole.jsonl").map(({ digest }) => digest));
    const half = await stoppedAfterAPart("half.jsonl");
    rmSync(join(half.path, "run.json")); // removed first, and then came the kill
    await run("half.jsonl", { inputs: pictures(20, 1) });
    expect(rowsOf("half.jsonl")[0].id).toBe(path("small", "1.jpg"));
  });

  it("leaves the parts of another run alone where its own has ended", async () => {
    await run("two.jsonl");
    const { settings } = await stoppedAfterAPart("other.jsonl");
    const other = await RunFolder.open(path("two.jsonl"), { ...settings, partSize: 7 });
    await run("two.jsonl");
    expect((await RunFolder.read(other.path))!.id).toBe(other.id);
  });

  it("gives each picture to just one shard, whatever else there is, and their union is the whole", async () => {
    await run("all.jsonl", { inputs: pictures(40), partSize: 40 });
    const lines = text("all.jsonl").trimEnd().split("\n");
    const shards: string[] = [];
    for (let number = 1; number <= 3; number++) {
      await run(`shard-${number}.jsonl`, { inputs: pictures(40), shard: { number, count: 3 } });
      shards.push(...text(`shard-${number}.jsonl`).trimEnd().split("\n"));
    }
    expect(shards.sort((a, b) => JSON.parse(a).index - JSON.parse(b).index)).toEqual(lines);
    await run("shard-fewer.jsonl", { inputs: pictures(30, 10), shard: { number: 2, count: 3 } });
    const idsOf = (name: string) => rowsOf(name).map(({ id }) => id);
    const kept = pictures(30, 10).map(({ picture }) => picture);
    expect(idsOf("shard-fewer.jsonl")).toEqual(idsOf("shard-2.jsonl").filter((id) => kept.includes(id)));
  });

  it("refuses outputs without a format, places that can't be written, and batches of nothing", async () => {
    await expect(run("g.txt")).rejects.toMatchObject({ code: "input/option" });
    await expect(run("g.jsonl", { inputs: [] })).rejects.toMatchObject({ code: "input/no-pictures" });
    await expect(run("g.jsonl", { partSize: 0 })).rejects.toMatchObject({ code: "input/option" });
    await expect(run("photos/coffee.png/g.jsonl")).rejects.toMatchObject({ code: "batch/output" });
  });
});

describe("a batch on a model", () => {
  const onModel = async (output: string, spec: BatchSpec, options: Partial<BatchOptions> = {}, threads = 1) => {
    const inputs = [...NAMES, "missing.png"].map((name) => ({ picture: path("photos", name) }));
    const all = {
      inputs,
      output: path(output),
      task: spec.task,
      access: { folder },
      signal: new AbortController().signal,
    };
    await runBatch({ ...all, ...options }, () => loadBatchTask(spec, { threads }));
    return text(output);
  };
  const classify: BatchSpec = { task: "classify", model: tinyModel("vit"), topK: 2 };
  const embed: BatchSpec = { task: "embed", model: tinyModel("vit") };

  it("gives the same bytes on one thread and on two, in parts of any size that a pass divides, and in shards", async () => {
    for (const spec of [classify, embed]) {
      const wanted = await onModel(`one-${spec.task}.jsonl`, { ...spec, batch: 2 }, {}, 1);
      expect(await onModel(`two-${spec.task}.jsonl`, { ...spec, batch: 2 }, {}, 2)).toBe(wanted);
      expect(await onModel(`parts-${spec.task}.jsonl`, { ...spec, batch: 2 }, { partSize: 2 })).toBe(wanted);
      const shards = [1, 2].map((number) =>
        onModel(`${number}-${spec.task}.jsonl`, { ...spec, batch: 2 }, { shard: { number, count: 2 } }),
      );
      const lines = (await Promise.all(shards)).flatMap((all) => all.trimEnd().split("\n"));
      lines.sort((a, b) => JSON.parse(a).index - JSON.parse(b).index);
      expect(`${lines.join("\n")}\n`).toBe(wanted);
    }
  });

  it("knows a model by its numbers: other weights, dtypes and options are another run", async () => {
    const fingerprints = new Set<string>();
    const specs: BatchSpec[] = [
      embed,
      { ...embed, dtype: "int8" },
      { ...embed, normalize: false },
      { ...embed, model: tinyModel("vit-deep") },
      classify,
      { ...classify, topK: 3 },
    ];
    for (const spec of specs) {
      await using task = await loadBatchTask(spec, { threads: 1 });
      fingerprints.add(JSON.stringify(task.fingerprint));
      await using again = await loadBatchTask(spec, { threads: 2 });
      expect(again.fingerprint).toEqual(task.fingerprint);
    }
    expect(fingerprints.size).toBe(specs.length);
  });

  it("finds faces with attributes and vectors, as vitrail faces does", async () => {
    const attributes = { emotion: tinyModel("vit") };
    await onModel("faces.jsonl", { task: "faces", attributes, embed: "emotion" });
    const rows = rowsOf("faces.jsonl");
    expect(rows.at(-1).error.code).toBe("input/file-not-found");
    const [face] = rows[NAMES.indexOf("hopper.png")].faces;
    expect(face).toMatchObject({
      box: { x: expect.any(Number) },
      attributes: { emotion: { value: expect.any(String) } },
    });
    expect(face.vector.length).toBeGreaterThan(8);
    const summary = JSON.parse(text("faces.jsonl.report.json"));
    expect(summary.facesPerPicture["1"]).toBeGreaterThanOrEqual(1);
    expect(summary.attributes.emotion).toBeDefined();
    expect(text("faces.jsonl.report.html")).toContain("AI Act");
  });
});
