import { Command } from "commander";
import { loadBatchTask } from "../../../tasks/batch/load-batch-task.js";
import { workQueue } from "../../batch/work-queue.js";
import { computeOptions } from "../compute-options.js";
import { EXIT } from "../exit-codes.js";
import type { RunCommand } from "../program.js";
import { numberArgument } from "../report.js";
import type { Terminal } from "../terminal.js";
import type { MachineOptions } from "./batch-options.js";
import { localOptions } from "./run-for-command.js";

interface WorkerOptions extends MachineOptions {
  queue: string;
  silent?: number;
}

const EXAMPLES = `
Examples:
  vitrail worker --queue redis://10.0.0.5:6379
  vitrail worker --queue redis://127.0.0.1:6379 --threads 2

The first Ctrl-C or SIGTERM ends the part that has begun, then the worker; the second ends it at once, and another worker does the part anew.
Whoever can write to that Redis can have pictures read that this process can read: keep it to yourself. See docs/batch.md.`;

/** `vitrail worker`: makes parts of batches, as many as there are. */
export function workerCommand(run: RunCommand): Command {
  const command = new Command("worker")
    .description("make the parts that vitrail batch --queue asks for, here and on any number of machines")
    .requiredOption("--queue <redis URL>", "where parts are asked for")
    .option("--silent <seconds>", "after which a dead worker's part is another's (default: 30)", numberArgument)
    .option("--cache-dir <folder>", "where models of the Hub are kept (default: as Python's huggingface_hub)")
    .addHelpText("after", EXAMPLES);
  for (const option of computeOptions()) command.addOption(option);
  return command.action((options: WorkerOptions) => run((terminal) => work(options, terminal)));
}

async function work(options: WorkerOptions, terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once("SIGTERM", end);
  const line = terminal.progress("waiting for parts");
  // Models must not be given up with the first Ctrl-C: the part that has begun needs them.
  const { signal: _, ...local } = localOptions(options, terminal, line);
  try {
    await workQueue({
      url: options.queue,
      load: (spec) => loadBatchTask(spec, local),
      ...(options.silent !== undefined && { silentMs: options.silent * 1000 }),
      onPart: ({ run, part, rows, seconds }) => {
        terminal.out(`run ${run}, part ${part}: ${rows} rows in ${seconds.toFixed(1)} s`);
        line.update(`${(rows / seconds).toFixed(1)} pictures a second`);
      },
      onFailure: (part, error) => terminal.note(`part ${part ?? "?"} failed: ${error.message}`),
      signal: AbortSignal.any([terminal.signal, stop.signal]),
    });
    return EXIT.ok;
  } finally {
    process.removeListener("SIGTERM", end);
    line.end();
  }
}
