import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BatchTask } from "../../tasks/batch/batch-task.js";
import { hashTask } from "../../tasks/batch/hash-task.testing.js";
import { runBatch } from "../../tasks/batch/run-batch.js";
import { runForTest } from "../cli/run-cli.testing.js";
import { queueParts } from "./queue-parts.js";
import { freePort, startRedis, whyNoRedis } from "./redis-server.testing.js";
import { workQueue } from "./work-queue.js";

const PICTURES = 240;
const PART = 6;
/** A worker that is silent for so long is dead. */
const SILENT_MS = 1000;
const KILLS = 8;

let folder: string;
let redis: Awaited<ReturnType<typeof startRedis>>;
const running = new Set<ChildProcess>();
const path = (name: string) => join(folder, name);
const bytes = (name: string) => readFileSync(path(name));
const listing = () => ({ listing: path("pictures.jsonl") });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-queue-"));
  const rows = Array.from({ length: PICTURES }, (_, i) => ({
    id: `picture ${i}`,
    base64: Buffer.from(i % 17 === 0 ? `bad ${i}` : `picture ${i}`).toString("base64"),
  }));
  writeFileSync(path("pictures.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  if (whyNoRedis) return;
  redis = await startRedis();
  await build({
    entryPoints: [join(import.meta.dirname, "worker-process.testing.ts")],
    outfile: path("process.mjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
}, 30_000);
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});
afterAll(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

function start(...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [path("process.mjs"), ...words], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stdout!.resume();
  return child;
}
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) =>
    child.exitCode === null ? child.once("exit", resolve) : resolve(child.exitCode),
  );

/** What a batch gives without a queue. */
const alone = async (name: string) => {
  const options = { inputs: [listing()], output: path(name), task: "hash", partSize: PART };
  await runBatch({ ...options, access: { folder }, signal: new AbortController().signal }, async () => hashTask());
  return bytes(name);
};
const queued = (name: string, { tries = 3, url = redis.url, task = () => hashTask() } = {}) =>
  runBatch(
    {
      ...{ inputs: [listing()], output: path(name), task: "hash", partSize: PART, access: { folder } },
      signal: AbortSignal.timeout(50_000),
    },
    async () => task(),
    queueParts({ url, spec: { task: "classify", model: "hash" }, tries }),
  );

describe.skipIf(whyNoRedis)(`a batch on a real Redis${whyNoRedis ? ` (${whyNoRedis})` : ""}`, () => {
  it(`is finished by two workers through ${KILLS} kills of them and two of the one who waits, with the bytes of a single process`, async () => {
    const wanted = await alone("alone.parquet");
    const startWorker = () => start("worker", redis.url, String(SILENT_MS), "20");
    const workers = [startWorker(), startWorker()];
    const startBatch = () => start("batch", redis.url, path("pictures.jsonl"), path("queued.parquet"), String(PART));
    let batch = startBatch();
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(150 + ((kill * 0.618034) % 1) * 400);
      workers[kill % 2]!.kill("SIGKILL");
      workers[kill % 2] = startWorker();
      if (kill === 2 || kill === 5) {
        batch.kill("SIGKILL");
        await ended(batch);
        batch = startBatch();
      }
    }
    expect(await ended(batch)).toBe(0);
    expect(bytes("queued.parquet").equals(wanted)).toBe(true);
    // One that is asked to end does so by itself, with nothing to do.
    for (const worker of workers) worker.kill("SIGTERM");
    expect(await Promise.all(workers.map(ended))).toEqual([0, 0]);
  }, 60_000);

  const withWorker = async (load: () => Promise<BatchTask>, use: () => Promise<void>, failures: string[] = []) => {
    const stop = new AbortController();
    const options = { url: redis.url, load, silentMs: SILENT_MS, signal: stop.signal };
    const working = workQueue({ ...options, onFailure: (_, error) => failures.push(error.message) });
    working.catch(() => {}); // it may fail before it is awaited
    await use().finally(() => stop.abort());
    return working;
  };

  it("gives up a part that fails again and again, with its reason, ends all others, and goes on once the cause is mended", async () => {
    const wanted = await alone("mended.jsonl.alone.jsonl");
    const poison: BatchTask = {
      ...hashTask(),
      async answer(pictures, signal) {
        if (pictures.some((picture) => new TextDecoder().decode(picture) === "picture 8"))
          throw new Error("out of luck");
        return hashTask().answer(pictures, signal);
      },
    };
    await withWorker(
      async () => poison,
      async () => {
        await expect(queued("mended.jsonl", { tries: 2 })).rejects.toMatchObject({
          code: "batch/parts-failed",
          details: { parts: [{ part: 1, tries: 2, reason: "out of luck" }] },
        });
        const { json } = await runForTest(["batch", "status", path("mended.jsonl"), "--queue", redis.url, "--json"]);
        const parts = PICTURES / PART;
        expect(json()).toMatchObject({
          batch: { state: "begun", rows: PICTURES - PART, total: PICTURES, parts: { done: parts - 1, total: parts } },
          queue: { waiting: 0, active: 0, workers: 1, failed: [{ part: 1, tries: 2, reason: "out of luck" }] },
        });
        const { out } = await runForTest(["batch", "status", "--queue", redis.url]);
        expect(out).toMatch(
          /0 parts wait, 0 are worked on, 1 failed; 1 workers\n {2}part 1 of run \w+ failed after 2 tries: out of luck/,
        );
      },
    );
    await withWorker(
      async () => hashTask(),
      async () => void (await queued("mended.jsonl")),
    );
    expect(bytes("mended.jsonl").equals(wanted)).toBe(true);
  }, 60_000);

  it("gives up a part that ends every worker that takes it", async () => {
    const script = path("killer.mjs");
    writeFileSync(
      script,
      readFileSync(path("process.mjs"), "utf8")
        .replaceAll('"bad"', '"\\0no"')
        .replace(
          "return pictures.map(outcomeOf)",
          'if (pictures.some((p) => String.fromCharCode(...p) === "picture 8")) process.kill(process.pid, "SIGKILL"); return pictures.map(outcomeOf)',
        ),
    );
    expect(readFileSync(script, "utf8")).toContain("SIGKILL");
    let isOver = false;
    const keepWorking = async () => {
      while (!isOver) {
        const child = spawn(process.execPath, [script, "worker", redis.url, "300", "0"], {
          stdio: ["ignore", "ignore", "inherit"],
        });
        running.add(child);
        await ended(child);
        running.delete(child);
      }
    };
    const working = keepWorking();
    await expect(queued("deadly.jsonl")).rejects.toMatchObject({
      code: "batch/parts-failed",
      details: { parts: [{ part: 1, reason: expect.stringContaining("stalled") }] },
    });
    isOver = true;
    for (const child of running) child.kill("SIGKILL");
    await working;
  }, 60_000);

  it("stops a worker whose models give other numbers, and leaves its part to others", async () => {
    const failures: string[] = [];
    const other: BatchTask = { ...hashTask(), fingerprint: { kind: "other" } };
    const finished = queued("numbers.jsonl", { tries: 5 });
    await expect(
      withWorker(
        async () => other,
        () => sleep(3000),
        failures,
      ),
    ).rejects.toMatchObject({ code: "batch/another-model" });
    expect(failures).toEqual([expect.stringContaining("batch/another-model")]);
    await withWorker(
      async () => hashTask(),
      async () => void (await finished),
    );
    expect(bytes("numbers.jsonl").equals(await alone("numbers-alone.jsonl"))).toBe(true);
  }, 60_000);
});

it("says that no Redis answers, and what is no URL of one", async () => {
  const url = `redis://secret:word@127.0.0.1:${await freePort()}`;
  await expect(queued("none.jsonl", { url })).rejects.toMatchObject({
    code: "batch/queue",
    message: expect.not.stringContaining("word"),
  });
  await expect(queued("none.jsonl", { url: "http://a" })).rejects.toMatchObject({ code: "input/option" });
  expect((await runForTest(["worker", "--queue", "nothing"])).code).toBe(2);
  expect((await runForTest(["batch", "status"])).code).toBe(2);
}, 40_000);
