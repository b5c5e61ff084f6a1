import { type Command, Option } from "commander";
import { ENGINES } from "../../backend/engine.js";
import { type LoadModelOptions, loadModel } from "../../tasks/load-model.js";
import type { VisionModel } from "../../tasks/vision-model.js";
import { numberArgument } from "./report.js";
import type { Terminal } from "./terminal.js";

/** What the user said about loading a model. */
export interface ModelOptions {
  engine?: NonNullable<LoadModelOptions["engine"]>;
  threads?: number;
  interpolate?: number | true;
  batch?: number;
}

/** The options of every command that runs a model over pictures. */
export function withModelOptions(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what computes").choices(["auto", ...ENGINES]).default("auto"))
    .option("--threads <count>", "threads of the engine (default: all cores)", numberArgument)
    .option("--batch <pictures>", "pictures in one forward pass (default: 8)", numberArgument)
    .option("--interpolate [pixels]", "run at another picture size than the model was trained on", numberArgument);
}

/** Loads the model while telling so. */
export async function loadForCommand(
  folder: string,
  { engine, threads, interpolate }: ModelOptions,
  terminal: Terminal,
): Promise<VisionModel> {
  const progress = terminal.progress(`loading ${folder}`);
  try {
    return await loadModel(folder, {
      ...(engine && { engine }),
      ...(threads !== undefined && { threads }),
      ...(interpolate !== undefined && { interpolate }),
      signal: terminal.signal,
    });
  } finally {
    progress.end();
  }
}
