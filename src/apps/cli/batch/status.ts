import { readFile } from "node:fs/promises";
import { Command } from "commander";
import type { BatchSummary } from "../../../tasks/batch/batch-summary.js";
import { RunFolder } from "../../../tasks/batch/run-folder.js";
import { type QueueStatus, queueStatus } from "../../batch/queue-status.js";
import { EXIT, UsageError } from "../exit-codes.js";
import type { RunCommand } from "../program.js";
import type { Terminal } from "../terminal.js";

interface StatusOptions {
  queue?: string;
  json?: true;
}

/** How far the batch of an output is. */
interface RunStatus {
  state: "none" | "begun" | "ended";
  run?: string;
  rows?: number;
  total?: number;
  parts?: { done: number; total: number };
}

/** `vitrail batch status`: how far a batch is. */
export function statusCommand(run: RunCommand): Command {
  return new Command("status")
    .description("how far a batch is, and what waits in a queue")
    .argument("[output]", "the output of a batch")
    .option("--queue <redis URL>", "what waits there, and who works")
    .option("--json", "print one JSON document")
    .action((output: string | undefined, options: StatusOptions) =>
      run((terminal) => status(output, options, terminal)),
    );
}

async function status(output: string | undefined, { queue, json }: StatusOptions, terminal: Terminal): Promise<number> {
  if (output === undefined && queue === undefined)
    throw new UsageError("Name an output, a queue with --queue, or both.");
  const run = output === undefined ? undefined : await runStatus(output);
  const waiting = queue === undefined ? undefined : await queueStatus(queue);
  if (json) terminal.out(JSON.stringify({ ...(run && { batch: run }), ...(waiting && { queue: waiting }) }, null, 2));
  else {
    if (run) terminal.out(`${output}: ${runText(run)}`);
    if (waiting) for (const line of queueLines(waiting)) terminal.out(line);
  }
  return EXIT.ok;
}

async function runStatus(output: string): Promise<RunStatus> {
  const run = await RunFolder.read(RunFolder.pathOf(output));
  if (run) {
    const done = await run.done();
    const rows = [...done].reduce((sum, part) => sum + run.rowsOf(part), 0);
    const parts = { done: done.size, total: run.count };
    return { state: "begun", run: run.id, rows, total: run.settings.inputs.count, parts };
  }
  const text = await readFile(`${output}.report.json`, "utf8").catch(() => undefined);
  if (text === undefined) return { state: "none" };
  const { run: id, rows } = JSON.parse(text) as BatchSummary;
  return { state: "ended", run: id, rows, total: rows };
}

function runText({ state, rows, total, parts }: RunStatus): string {
  if (state === "none") return "no batch has begun here";
  if (state === "ended") return `ended with ${rows} rows`;
  const share = ((100 * rows!) / total!).toFixed(1);
  return `${rows} of ${total} rows (${share} %), ${parts!.done} of ${parts!.total} parts`;
}

function queueLines({ waiting, active, failed, workers }: QueueStatus): string[] {
  return [
    `queue: ${waiting} parts wait, ${active} are worked on, ${failed.length} failed; ${workers} workers`,
    ...failed.map(
      ({ run, part, tries, reason }) => `  part ${part} of run ${run} failed after ${tries} tries: ${reason}`,
    ),
  ];
}
