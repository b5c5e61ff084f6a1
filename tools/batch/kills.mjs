// Kills batches on a real model at random moments, and compares their outputs, byte by byte, with those of runs that nobody killed: the full form of
// src/tasks/batch/killed.test.ts, and, where redis-server is installed, of src/apps/batch/queue.test.ts with two workers. Prints a line for each and ends with
// "N passed, N failed".
//
//   npm run build && node tools/batch/kills.mjs [--pictures 2000] [--kills 25] [--model FOLDER] [--node PATH]
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makePictures } from "./pictures.mjs";

const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    pictures: { type: "string", default: "2000" },
    kills: { type: "string", default: "25" },
    model: { type: "string", default: join(root, "weights/vit-small-patch14") },
    node: { type: "string", default: process.execPath },
  },
});
const [pictures, kills] = [Number(values.pictures), Number(values.kills)];
const folder = mkdtempSync(join(tmpdir(), "vitrail-kills-"));
const path = (name) => join(folder, name);
const children = new Set();

function start(...argv) {
  const child = spawn(values.node, [join(root, "dist/cli.js"), ...argv], {
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore"],
  });
  children.add(child);
  child.ended = new Promise((resolve) => child.once("exit", resolve)).finally(() => children.delete(child));
  return child;
}
const embed = (out, ...more) =>
  start("batch", "embed", values.model, "pictures", "--part-size", "32", "--out", out, ...more);
let alone = 0;
/** Milliseconds that a process lives: from too little to begin to a quarter of what the whole takes. */
const someTime = (number) => 300 + ((number * 0.618034) % 1) * (1000 + alone / 4);
/** Broken pictures are among them, so a batch that has ended exits with 1. */
const ENDED = 1;

async function killed(out) {
  const begin = performance.now();
  let left = kills;
  for (;;) {
    const child = embed(out);
    const lives = left > 0 ? someTime(left) : undefined;
    const code = lives === undefined ? await child.ended : await Promise.race([child.ended, sleep(lives)]);
    if (code !== undefined && code !== null) {
      if (code !== ENDED) throw new Error(`exit code ${code}`);
      return { kills: kills - left, seconds: (performance.now() - begin) / 1000 };
    }
    child.kill("SIGKILL");
    await child.ended;
    left--;
  }
}

async function throughQueue(out) {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const redis = spawn(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    { stdio: "ignore" },
  );
  try {
    const begin = performance.now();
    const startWorker = () => start("worker", "--queue", url, "--silent", "3", "--threads", "1");
    const workers = [startWorker(), startWorker()];
    let batch = embed(out, "--queue", url);
    let done = 0;
    for (let isOver = false; !isOver; ) {
      const code = await Promise.race([batch.ended, sleep(someTime(done))]);
      isOver = code !== undefined && code !== null;
      if (isOver && code !== ENDED) throw new Error(`exit code ${code}`);
      if (isOver || done >= kills) continue;
      // Now and then the one who waits, mostly a worker.
      if (done % 6 === 5) {
        batch.kill("SIGKILL");
        await batch.ended;
        batch = embed(out, "--queue", url);
      } else {
        workers[done % 2].kill("SIGKILL");
        workers[done % 2] = startWorker();
      }
      done++;
    }
    return { kills: done, seconds: (performance.now() - begin) / 1000 };
  } finally {
    redis.kill();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let failed = 0;
let passed = 0;
async function check(name, work) {
  try {
    console.log(`ok    ${name}: ${await work()}`);
    passed++;
  } catch (error) {
    console.log(`FAIL  ${name}: ${error.message}`);
    failed++;
  }
}

try {
  await makePictures(path("pictures"), pictures);
  const begin = performance.now();
  if ((await embed("whole.parquet").ended) !== ENDED) throw new Error("the run that nobody kills failed");
  alone = performance.now() - begin;
  console.log(
    `${pictures} pictures, Node ${execFileSync(values.node, ["--version"]).toString().trim()}, nobody killed: ${(alone / 1000).toFixed(0)} s`,
  );
  const wanted = readFileSync(path("whole.parquet"));
  const compare = async (out, work) => {
    const { kills, seconds } = await work(out);
    if (!readFileSync(path(out)).equals(wanted)) throw new Error(`other bytes after ${kills} kills`);
    return `the same ${wanted.length} bytes after ${kills} kills, ${seconds.toFixed(0)} s`;
  };
  await check("one process, killed and started again", () => compare("killed.parquet", killed));
  if (spawnSync("redis-server", ["--version"]).status === 0)
    await check("two workers on Redis, killed and started again", () => compare("queued.parquet", throughQueue));
  else console.log("left out: no redis-server; run node tools/servers/install-redis.mjs");
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
