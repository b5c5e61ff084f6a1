import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const PICTURES = 150;
const PART = 5;
/** A run takes some 200 ms from its first part to its end. The full form, on a real model, is tools/batch/kills.mjs. */
const GROUP_MS = 1;
const KILLS = 30;
const FORMATS = ["jsonl", "csv", "parquet"];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-killed-"));
  await build({
    entryPoints: [join(import.meta.dirname, "killed-run.testing.ts")],
    outfile: join(folder, "run.mjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  const rows = Array.from({ length: PICTURES }, (_, i) => ({
    id: `picture ${i}`,
    base64: Buffer.from(i % 17 === 0 ? `bad ${i}` : `picture ${i}`).toString("base64"),
  }));
  writeFileSync(join(folder, "pictures.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs to the end, or kills it so many milliseconds after its first progress. Tells whether it ended by itself. */
async function run(output: string, killAfter?: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [join(folder, "run.mjs"), join(folder, "pictures.jsonl"), output, String(PART), String(GROUP_MS)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<boolean>((resolve) => child.once("exit", (code) => resolve(code === 0)));
  if (killAfter !== undefined) {
    await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
    await sleep(killAfter);
    child.kill("SIGKILL");
  }
  child.stdout.resume();
  return ended;
}

it(`gives the same bytes after ${KILLS} kills at any moment, in each format, and leaves nothing but output and reports`, async () => {
  const lane = async (format: string, lane: number) => {
    const whole = join(folder, `whole.${format}`);
    expect(await run(whole)).toBe(true);
    const wanted = readFileSync(whole);
    let killed = 0;
    for (let round = 0; killed < KILLS / FORMATS.length; round++) {
      const output = join(folder, `killed-${round}.${format}`);
      // Early ones and late ones, so that parts are killed that are written, joined and removed.
      for (let step = 0; step < 6; step++) {
        const milliseconds = (((killed + lane / 3) * 0.618034) % 1) * (step < 3 ? 40 : 250);
        if (await run(output, milliseconds)) break;
        killed++;
      }
      expect(await run(output)).toBe(true);
      expect(readFileSync(output).equals(wanted)).toBe(true);
    }
  };
  await Promise.all(FORMATS.map(lane));
  const expected = /^(run\.mjs|pictures\.jsonl|(whole|killed-\d+)\.\w+(\.report\.(json|html))?)$/;
  // A kill while the lock is taken may leave its draft.
  const isDraft = (name: string) => /^\..*\.lock\..*\.tmp$/.test(name);
  expect(readdirSync(folder).filter((name) => !expected.test(name) && !isDraft(name))).toEqual([]);
}, 60_000);
