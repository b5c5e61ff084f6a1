import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { InputError } from "../../errors.js";
import { batches } from "../batches.js";
import { wholeOption } from "../options.js";
import { batchReport } from "../reports/batch-report.js";
import { answerPart } from "./answer-part.js";
import { type BatchItem, censusOf } from "./batch-item.js";
import { type BatchProgress, ProgressMeter } from "./batch-progress.js";
import type { BatchSummary } from "./batch-summary.js";
import type { BatchTask } from "./batch-task.js";
import { joinParts } from "./join-parts.js";
import type { PictureAccess } from "./open-picture.js";
import { outputFormat } from "./output-format.js";
import { type BatchInput, readItems } from "./read-items.js";
import { RunFolder, writing } from "./run-folder.js";
import { type RunSettings, runId } from "./run-settings.js";
import type { Shard } from "./shard.js";

/** A batch: pictures in, a file with a row for each out. */
export interface BatchOptions {
  inputs: readonly BatchInput[];
  /** The file, by whose ending the format goes: `.jsonl`, `.csv` or `.parquet`. */
  output: string;
  task: string;
  access: PictureAccess;
  shard?: Shard;
  /** Pictures in a part: as much is done again after a kill. Default 256. */
  partSize?: number;
  /** `"anew"` throws away what an earlier run has left. Default `"resume"`. */
  start?: "resume" | "anew";
  progress?: (progress: BatchProgress) => void;
  signal: AbortSignal;
}

/** Sees to it that all parts are there that `missing` names. */
export type MakeParts = (run: RunFolder, missing: AsyncIterable<NumberedPart>, meter: ProgressMeter) => Promise<void>;

export interface NumberedPart {
  part: number;
  items: BatchItem[];
}

const DEFAULT_PART = 256;

/**
 * Runs a batch to its end, or goes on with one that was interrupted at any moment: the output is then, byte by byte, what an uninterrupted run writes. A
 * broken picture is a row with `error`. Beside the output come `OUTPUT.report.json` and `OUTPUT.report.html`.
 *
 * @param load the models, which are asked which numbers they give before anything else
 * @param make makes the parts; default: this process does, one after the other
 * @throws InputError `input/option`, `input/listing`, `input/no-pictures`; BatchError `batch/another-run`, `batch/busy`, `batch/output`,
 *   `batch/damaged`; what the models throw; `signal.reason`
 */
export async function runBatch(
  options: BatchOptions,
  load: () => Promise<BatchTask>,
  make: (task: BatchTask, options: BatchOptions) => MakeParts = inThisProcess,
): Promise<BatchSummary> {
  const { inputs, output, shard, partSize = DEFAULT_PART, signal, start = "resume" } = options;
  wholeOption("partSize", partSize, 1, 1_000_000);
  const format = await outputFormat(output);
  const census = await censusOf(readItems(inputs, shard));
  if (census.count === 0)
    throw new InputError(
      "input/no-pictures",
      `There are no pictures${shard ? " in this shard" : ""}. Check the inputs.`,
    );
  const unlock = await RunFolder.lock(output);
  try {
    await using task = await load();
    const { fingerprint, groupSize } = task;
    const settings: RunSettings = {
      ...{ task: options.task, fingerprint, inputs: census, shard: shard ?? "whole", partSize, groupSize, format },
    };
    if (start === "anew") await removeAll(output);
    const ended = await endedRun(output, settings);
    if (ended) {
      const left = await RunFolder.read(RunFolder.pathOf(output));
      // Killed while it was removed; or begun by another run, whose it stays.
      if (!left || left.id === ended.run) await RunFolder.remove(output);
      return ended;
    }
    const run = await RunFolder.open(output, settings);
    const begin = performance.now();
    const done = await run.done();
    const meter = new ProgressMeter(census.count, options.progress);
    for (const part of done) meter.skip(run.rowsOf(part));
    await make(task, options)(run, missingParts(readItems(inputs, shard), partSize, done), meter);
    const { counts, ...file } = await joinParts(run, output, task.columns, signal);
    const summary: BatchSummary = {
      ...{ run: run.id, task: options.task, ...counts.counts(), output: { file: output, ...file } },
      time: { pictures: meter.made, seconds: Math.round(performance.now() - begin) / 1000 },
    };
    await run.replace(`${output}.report.html`, batchReport(summary, counts.examples));
    await run.replace(reportOf(output), `${JSON.stringify(summary, null, 2)}\n`);
    await RunFolder.remove(output);
    return summary;
  } finally {
    await unlock();
  }
}

function inThisProcess(task: BatchTask, { access, signal }: BatchOptions): MakeParts {
  return async (run, missing, meter) => {
    for await (const { part, items } of missing)
      await run.write(part, await answerPart(items, task, { ...access, signal, onRows: (rows) => meter.add(rows) }));
  };
}

async function* missingParts(items: AsyncIterable<BatchItem>, partSize: number, done: ReadonlySet<number>) {
  let part = 0;
  for await (const group of batches(items, partSize)) {
    if (!done.has(part)) yield { part, items: group.map(({ item }) => item) };
    part++;
  }
}

const reportOf = (output: string) => `${output}.report.json`;

/** The summary of just this run, if it has ended and its output is still what it wrote. */
async function endedRun(output: string, settings: RunSettings): Promise<BatchSummary | undefined> {
  const text = await readFile(reportOf(output), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let summary: BatchSummary;
  try {
    summary = JSON.parse(text) as BatchSummary;
  } catch {
    return undefined;
  }
  if (summary?.run !== runId(settings)) return undefined;
  const size = (await stat(output).catch(() => undefined))?.size;
  if (size === undefined || size !== summary.output?.bytes) return undefined;
  const hash = createHash("sha256");
  await pipeline(createReadStream(output), hash);
  return hash.digest("hex") === summary.output.sha256 ? summary : undefined;
}

async function removeAll(output: string): Promise<void> {
  await RunFolder.remove(output);
  await writing(output, async () => {
    for (const file of [output, reportOf(output), `${output}.report.html`]) await rm(file, { force: true });
  });
}
