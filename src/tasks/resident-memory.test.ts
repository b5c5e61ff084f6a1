import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useEngine } from "../backend/engine.js";
import { loadModel } from "./load-model.js";

const FOLDER = join(import.meta.dirname, "../../weights/vit-small-patch14");
/** The file holds float16. */
const FLOAT32_MEBIBYTES = (2 * statSync(join(FOLDER, "model.safetensors")).size) / 2 ** 20;

/** What the process has of the machine's memory, but for JavaScript's own heap, whose size is V8's choice and holds no weights. */
function residentMebibytes(): number {
  const { rss, heapTotal } = process.memoryUsage();
  // Node's own number is that of the process's start on some kernels.
  const status = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : "";
  const known = /VmRSS:\s+(\d+)/.exec(status);
  return ((known ? Number(known[1]) * 1024 : rss) - heapTotal) / 2 ** 20;
}

/** Gives the memory that the engine has left time to be collected. */
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function settled(below: number): Promise<number> {
  for (let wait = 0; wait < 40 && residentMebibytes() > below; wait++) await pause(100);
  return residentMebibytes();
}

let empty: number;
beforeAll(async () => {
  // The first load also takes what compiling costs, which is no weight's.
  await useEngine({ engine: "vitrail", threads: 2 });
  const first = await loadModel(FOLDER, { engine: "vitrail" });
  const loaded = residentMebibytes();
  await first.dispose();
  empty = await settled(loaded - FLOAT32_MEBIBYTES / 2);
}, 60_000);
afterAll(() => useEngine({ engine: "cpu" }));

it("a ViT-S takes at most 1.1 times its float32 weights, and gives them back when it is disposed", async () => {
  const model = await loadModel(FOLDER, { engine: "vitrail" });
  expect(residentMebibytes() - empty).toBeLessThan(1.1 * FLOAT32_MEBIBYTES);
  await model.dispose();
  expect((await settled(empty + 0.2 * FLOAT32_MEBIBYTES)) - empty).toBeLessThan(0.2 * FLOAT32_MEBIBYTES);
});

it("50 loads, each disposed, take at most what is loaded and one memory that waits to be collected", async () => {
  let most = 0;
  for (let round = 0; round < 50; round++) {
    const model = await loadModel(FOLDER, { engine: "vitrail" });
    most = Math.max(most, residentMebibytes());
    await model.dispose();
    await pause(20); // sometimes the engine takes a new memory in between, sometimes not
  }
  expect(most - empty).toBeLessThan(2.3 * FLOAT32_MEBIBYTES);
  expect((await settled(empty + 0.3 * FLOAT32_MEBIBYTES)) - empty).toBeLessThan(0.3 * FLOAT32_MEBIBYTES);
}, 60_000);
