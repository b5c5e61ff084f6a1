import type { Command } from "commander";
import type { HubOptions } from "../../io/hub/get-model.js";
import { loadModel } from "../../tasks/load-model.js";
import type { VisionModel } from "../../tasks/vision-model.js";
import { computeOptions, dtypeOption, type LoadingOptions, loadingOptions } from "./compute-options.js";
import { formatBytes } from "./format-bytes.js";
import { numberArgument } from "./report.js";
import type { Progress, Terminal } from "./terminal.js";

/** What `<model>` is in every command. */
export const MODEL_ARGUMENT = "folder with config.json and model.safetensors, or owner/name on the Hub";

/** What the user said about loading a model. */
export interface ModelOptions extends LoadingOptions {
  interpolate?: number | true;
  batch?: number;
  revision?: string;
  cacheDir?: string;
}

/** The options of every command that runs a model over pictures. */
export function withModelOptions(command: Command): Command {
  for (const option of [...computeOptions(), dtypeOption()]) command.addOption(option);
  return withHubOptions(command)
    .option("--batch <pictures>", "pictures in one forward pass (default: 8)", numberArgument)
    .option("--interpolate [pixels]", "run at another picture size than the model was trained on", numberArgument);
}

/** The options of every command that may fetch a model. A token is no option: command lines are seen by others; it is `HF_TOKEN`. */
export function withHubOptions(command: Command): Command {
  return command
    .option("--revision <name>", "of a model on the Hub: a branch, a tag or a commit (default: main)")
    .option("--cache-dir <folder>", "where models of the Hub are kept (default: as Python's huggingface_hub)");
}

/** What the user said about the Hub, and a line that tells how far a download is. */
export function hubOptions(
  { revision, cacheDir }: Pick<ModelOptions, "revision" | "cacheDir">,
  { signal }: Terminal,
  line: Progress,
): HubOptions {
  return {
    ...(revision !== undefined && { revision }),
    ...(cacheDir !== undefined && { cacheDir }),
    progress: ({ loaded, total, file }) => line.update(`${formatBytes(loaded)} of ${formatBytes(total)}: ${file}`),
    signal,
  };
}

/** Loads the model while telling so. */
export async function loadForCommand(
  source: string,
  { interpolate, ...options }: ModelOptions,
  terminal: Terminal,
): Promise<VisionModel> {
  const progress = terminal.progress(`loading ${source}`);
  try {
    return await loadModel(source, {
      ...loadingOptions(options),
      ...(interpolate !== undefined && { interpolate }),
      ...hubOptions(options, terminal, progress),
    });
  } finally {
    progress.end();
  }
}
