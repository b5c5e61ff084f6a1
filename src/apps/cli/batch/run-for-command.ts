import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { BatchProgress } from "../../../tasks/batch/batch-progress.js";
import type { BatchSpec, LocalOptions } from "../../../tasks/batch/batch-task.js";
import { isListing } from "../../../tasks/batch/listing-rows.js";
import { loadBatchTask } from "../../../tasks/batch/load-batch-task.js";
import type { BatchInput } from "../../../tasks/batch/read-items.js";
import { runBatch } from "../../../tasks/batch/run-batch.js";
import { parseShard } from "../../../tasks/batch/shard.js";
import { queueParts } from "../../batch/queue-parts.js";
import { fetchPicture } from "../../server/urls/fetch-picture.js";
import { EXIT, UsageError } from "../exit-codes.js";
import { hubOptions } from "../model-options.js";
import { expandPictures } from "../pictures.js";
import type { Progress, Terminal } from "../terminal.js";
import type { BatchCommandOptions, MachineOptions } from "./batch-options.js";

/** Runs a batch for a command, here or through a queue. Returns the exit code. */
export async function runForCommand(
  spec: BatchSpec,
  words: readonly string[],
  options: BatchCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { out, shard, partSize, urls, fresh, queue, tries } = options;
  const inputs = await batchInputs(words, terminal);
  const line = terminal.progress("loading");
  try {
    const summary = await runBatch(
      {
        ...{ inputs, output: out, task: spec.task, signal: terminal.signal },
        access: { folder: process.cwd(), ...(urls && { fetchPicture }) },
        ...(shard !== undefined && { shard: parseShard(shard) }),
        ...(partSize !== undefined && { partSize }),
        ...(fresh && { start: "anew" as const }),
        progress: (progress) => line.update(progressText(progress)),
      },
      () => loadBatchTask(spec, localOptions(options, terminal, line)),
      queue === undefined
        ? undefined
        : queueParts({ url: queue, spec: await placedSpec(spec), ...(tries !== undefined && { tries }) }),
    );
    line.end();
    const { rows, failures } = summary;
    terminal.out(`${rows} rows in "${out}"${failures > 0 ? `, ${failures} of them failures` : ""}`);
    for (const [code, count] of Object.entries(summary.errors)) terminal.note(`${count} × ${code}`);
    terminal.note(`report: ${out}.report.html, ${out}.report.json`);
    return failures > 0 ? EXIT.someFailed : EXIT.ok;
  } finally {
    line.end();
  }
}

/** For workers, whose working folder is another: paths of models from the root of the disk. */
async function placedSpec(spec: BatchSpec): Promise<BatchSpec> {
  const placed = async (source: string) => ((await stat(source).catch(() => undefined)) ? resolve(source) : source);
  if (spec.task !== "faces") return { ...spec, model: await placed(spec.model) };
  const { attributes = {}, embed } = spec;
  const models = await Promise.all(
    Object.entries(attributes).map(async ([name, source]) => [name, await placed(source)] as const),
  );
  const isOwn = embed !== undefined && !Object.hasOwn(attributes, embed);
  return { ...spec, attributes: Object.fromEntries(models), ...(isOwn && { embed: await placed(embed) }) };
}

/** How a machine runs what is asked for. */
export function localOptions(options: MachineOptions, terminal: Terminal, line: Progress): LocalOptions {
  const { engine, threads } = options;
  return {
    ...hubOptions(options, terminal, line),
    ...(engine && { engine }),
    ...(threads !== undefined && { threads }),
  };
}

/** Lists by their endings, all else as pictures of every command are named. */
async function batchInputs(words: readonly string[], terminal: Terminal): Promise<BatchInput[]> {
  const inputs: BatchInput[] = [];
  for (const word of words) {
    if (word === "-") throw new UsageError("A batch can't go on with what came on standard input. Name files.");
    if (isListing(word) && !(await stat(word).catch(() => undefined))?.isDirectory()) inputs.push({ listing: word });
    else for (const { name } of await expandPictures([word], terminal)) inputs.push({ picture: name });
  }
  return inputs;
}

function progressText({ rows, total, failures, rate, timeLeft }: BatchProgress): string {
  const failed = failures > 0 ? `, ${failures} failed` : "";
  const speed = rate > 0 ? `  ${rate.toFixed(rate < 10 ? 1 : 0)} a second` : "";
  return `${rows} / ${total}${speed}${timeLeft === undefined ? "" : `, ${durationText(timeLeft)} left`}${failed}`;
}

/** Two units at most: nobody needs the seconds of days. */
function durationText(seconds: number): string {
  const [s, m, h, d] = [seconds, seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor) as [
    number,
    number,
    number,
    number,
  ];
  if (d > 0) return `${d} d ${h % 24} h`;
  if (h > 0) return `${h} h ${m % 60} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}
