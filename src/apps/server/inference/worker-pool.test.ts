import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ServerError } from "../../../errors.js";
import { WorkerPool } from "./worker-pool.js";

/** Speaks as `serveThread` does, and does what it is told. */
const SCRIPT = `
import { existsSync } from "node:fs";
import { parentPort, threadId, workerData } from "node:worker_threads";
if (workerData?.broken && existsSync(workerData.broken)) {
  parentPort.postMessage({ broken: { name: "ServerError", code: "server/test", message: "broken", details: { a: 1 } } });
} else {
  parentPort.on("message", async ({ id, request }) => {
    if (request === "exit") process.exit(1);
    if (request === "hang") for (;;);
    if (request === "throw") throw new Error("uncaught");
    if (request === "fail") return parentPort.postMessage({ id, failure: { name: "ImageError", code: "image/test", message: "bad" } });
    if (typeof request === "number") await new Promise((resolve) => setTimeout(resolve, request));
    parentPort.postMessage({ id, reply: { request, threadId } });
  });
  parentPort.postMessage({ ready: "facts" });
}`;

type Reply = { request: unknown; threadId: number };
let folder: string;
let file: URL;
const pools: WorkerPool<unknown, Reply, string>[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-pool-"));
  writeFileSync(join(folder, "thread.mjs"), SCRIPT);
  file = pathToFileURL(join(folder, "thread.mjs"));
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(size: number, data?: unknown, mostMs?: number) {
  const { pool, facts } = await WorkerPool.start<unknown, Reply, string>({
    file,
    size,
    data,
    ...(mostMs !== undefined && { mostMs }),
  });
  expect(facts).toBe("facts");
  pools.push(pool);
  return pool;
}
const until = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function untilUp(pool: WorkerPool<unknown, Reply, string>) {
  for (const begin = performance.now(); !pool.isUp && performance.now() - begin < 5_000; ) await until(10);
  expect(pool.isUp).toBe(true);
}

it("gives each of 1,000 requests its own answer, on both threads", async () => {
  const pool = await start(2);
  const replies = await Promise.all(Array.from({ length: 1_000 }, (_, i) => pool.run(`${i}`)));
  expect(replies.map(({ request }) => request)).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i}`));
  expect(new Set(replies.map(({ threadId }) => threadId)).size).toBe(2);
});

it("gives an error back as its own class", async () => {
  const pool = await start(1);
  await expect(pool.run("fail")).rejects.toMatchObject({ name: "ImageError", code: "image/test", message: "bad" });
});

it.each(["exit", "throw"])(
  "fails only the request whose thread ends by %s, within 1 s, and has a new thread within 2 s",
  async (how) => {
    const pool = await start(1);
    const begin = performance.now();
    const ending = pool.run(how).catch((error: ServerError) => error.code);
    const waiting = pool.run("next");
    expect(await ending).toBe("server/worker-lost");
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(pool.isUp).toBe(false);
    expect((await waiting).request).toBe("next");
    expect(performance.now() - begin).toBeLessThan(2_000);
  },
);

it("ends a thread that hangs, when its time is over, while the other one answers; then has it again", async () => {
  const pool = await start(2, undefined, 300);
  const begin = performance.now();
  const hanging = pool.run("hang").catch((error: ServerError) => [error.code, performance.now() - begin] as const);
  const others = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.run(`${i}`)));
  expect(new Set(others.map(({ threadId }) => threadId)).size).toBe(1);
  const [code, ms] = (await hanging) as readonly [string, number];
  expect(code).toBe("server/deadline");
  expect(ms).toBeGreaterThanOrEqual(290);
  expect(ms).toBeLessThan(2_000);
  expect(pool.isUp).toBe(false);
  await untilUp(pool);
  const after = await Promise.all([pool.run(50), pool.run(50)]);
  expect(new Set(after.map(({ threadId }) => threadId)).size).toBe(2);
});

it("has its thread again after each of 20 ends", async () => {
  const pool = await start(1);
  for (let i = 0; i < 20; i++) {
    await pool.run("exit").catch(() => {});
    expect((await pool.run("next")).request).toBe("next");
  }
  await untilUp(pool);
}, 20_000);

it("throws what a thread fails with before it is ready", async () => {
  const failing = WorkerPool.start({ file, size: 2, data: { broken: folder } });
  await expect(failing).rejects.toThrowError(
    expect.objectContaining({ name: "ServerError", code: "server/test", details: { a: 1 } }),
  );
  await expect(failing).rejects.toBeInstanceOf(ServerError);
});

it("tries again until a thread gets ready", async () => {
  const flag = join(folder, "broken-now");
  const pool = await start(1, { broken: flag });
  writeFileSync(flag, "");
  await pool.run("exit").catch(() => {});
  const waiting = pool.run("patient");
  await until(500);
  expect(pool.isUp).toBe(false);
  rmSync(flag);
  expect((await waiting).request).toBe("patient");
});

it("drops what is aborted before its turn, and answers the rest", async () => {
  const pool = await start(1);
  const gone = new AbortController();
  const first = pool.run(50);
  const second = pool.run("never", [], gone.signal);
  const third = pool.run("third");
  gone.abort("left");
  await expect(second).rejects.toBe("left");
  expect((await first).request).toBe(50);
  expect((await third).request).toBe("third");
});

it("fails what waits when it is closed, and what comes later", async () => {
  const pool = await start(1);
  const waits = [pool.run(5_000), pool.run("x")].map((run) => run.catch((error: ServerError) => error.code));
  await pool.close();
  expect(await Promise.all(waits)).toEqual(["server/worker-lost", "server/worker-lost"]);
  await expect(pool.run("y")).rejects.toMatchObject({ code: "server/worker-lost" });
});
