import { Command, CommanderError } from "commander";
import { VitrailError } from "../../errors.js";
import { batchCommand } from "./batch/batch.js";
import { workerCommand } from "./batch/worker.js";
import { classifyCommand } from "./classify.js";
import { clusterCommand } from "./cluster.js";
import { doctorCommand } from "./doctor.js";
import { duplicatesCommand } from "./duplicates.js";
import { embedCommand } from "./embed.js";
import { evaluateCommand } from "./evaluate.js";
import { EXIT, exitCodeOf } from "./exit-codes.js";
import { explainCommand } from "./explain.js";
import { exportCommand } from "./export.js";
import { facesCommand } from "./faces.js";
import { fitCommand } from "./fit.js";
import { listCommand } from "./hub/list.js";
import { packCommand } from "./hub/pack.js";
import { pullCommand } from "./hub/pull.js";
import { removeCommand } from "./hub/remove.js";
import { indexCommand } from "./index-pictures.js";
import { inspectCommand } from "./inspect.js";
import { quantizeCommand } from "./quantize.js";
import { searchCommand } from "./search.js";
import { serveCommand } from "./serve.js";
import type { Terminal } from "./terminal.js";
import { verifyCommand } from "./verify.js";

/** Runs a command's work and keeps its exit code. */
export type RunCommand = (work: (terminal: Terminal) => Promise<number>) => Promise<void>;

const EXIT_CODES = `
Exit codes: 0 ok, 1 some pictures failed, 2 wrong usage, 3 no such model, 4 a check failed, 130 interrupted`;

/**
 * The whole command line.
 *
 * @param argv the words after `vitrail`
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let exitCode: number = EXIT.ok;
  const run: RunCommand = async (work) => {
    exitCode = await work(terminal);
  };
  const program = new Command("vitrail")
    .description("vision transformers straight from safetensors, with PyTorch's numbers")
    .version(version)
    .option("--quiet", "print nothing but results")
    .option("--verbose", "print where an error came from")
    .addHelpText("after", EXIT_CODES);
  for (const make of [
    batchCommand,
    classifyCommand,
    clusterCommand,
    doctorCommand,
    duplicatesCommand,
    embedCommand,
    evaluateCommand,
    explainCommand,
    exportCommand,
    facesCommand,
    fitCommand,
    indexCommand,
    inspectCommand,
    listCommand,
    packCommand,
    pullCommand,
    quantizeCommand,
    removeCommand,
    searchCommand,
    serveCommand,
    verifyCommand,
    workerCommand,
  ])
    program.addCommand(make(run));
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (terminal.signal.aborted) return EXIT.interrupted;
    terminal.note(describeError(error, program.opts().verbose === true));
    return exitCodeOf(error);
  }
}

function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const code = error instanceof VitrailError ? ` (${error.code})` : "";
  return verbose ? `error${code}: ${error.stack}` : `error${code}: ${error.message}`;
}
