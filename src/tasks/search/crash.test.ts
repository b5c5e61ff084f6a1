import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PRECISIONS } from "./manifest.js";
import { openIndex } from "./open-index.js";

const MOMENTS = 100;
/** A save takes some 5 ms. */
const LONGEST_MS = 25;
const REOPEN_MS = 1000;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-crash-"));
  await build({
    entryPoints: [join(import.meta.dirname, "crash-writer.testing.ts")],
    outfile: join(folder, "writer.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a writer and kills it some time after its first save. Gives the last generation that it has called saved. */
async function writeUntilKilled(path: string, precision: string, from: number, delayMs: number): Promise<number> {
  const child = spawn(process.execPath, [join(folder, "writer.mjs"), path, precision, String(from)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let saved = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    if (saved < 0) setTimeout(() => child.kill("SIGKILL"), delayMs);
    saved = Number(line);
  }
  await ended;
  expect(saved, "the writer failed before its first save").toBeGreaterThanOrEqual(from);
  return saved;
}

/** Opens the index and checks that it is just what one generation left. Gives that generation. */
async function checkState(path: string, saved: number): Promise<number> {
  const start = performance.now();
  const index = await openIndex(path, { threads: 1 });
  expect(performance.now() - start).toBeLessThan(REOPEN_MS);
  try {
    const { generation } = (await index.get("current"))!.metadata as { generation: number };
    // The last save may have been complete before its line was.
    expect([saved, saved + 1]).toContain(generation);
    const wanted = ["current"];
    for (let g = 0; g <= generation; g++) for (let i = g === generation ? 0 : 1; i < 7; i++) wanted.push(`${g}-${i}`);
    expect(index.ids().sort()).toEqual(wanted.sort());
    for (const id of wanted) {
      const { vector, metadata } = (await index.get(id))!;
      const own = id === "current" ? generation : Number(id.split("-")[0]);
      expect(metadata).toEqual({ generation: own });
      const numbers = vector.map((_, k) => Math.sin(own + k) + (id === "current" ? 2 : 0));
      const length = Math.hypot(...numbers);
      expect(vector.reduce((sum, value, k) => sum + (value * numbers[k]!) / length, 0)).toBeCloseTo(1, 6);
    }
    return generation;
  } finally {
    await index.close();
  }
}

it(`loses no saved row and reads no torn one when its writer is killed at ${MOMENTS} moments, and opens in under 1 s`, async () => {
  let moment = 0;
  const lane = async (number: number) => {
    const precision = PRECISIONS[number % PRECISIONS.length]!;
    const path = join(folder, `index-${number}`);
    for (let next = 0; moment < MOMENTS; ) {
      const delay = ((moment++ * 0.618034) % 1) * LONGEST_MS;
      const saved = await writeUntilKilled(path, precision, next, delay);
      next = (await checkState(path, saved)) + 1;
    }
  };
  await Promise.all(PRECISIONS.map((_, number) => lane(number)));
}, 120_000);
