import { Command } from "commander";
import { hubSettings } from "../../../io/hub/hub-settings.js";
import { removeModel } from "../../../io/hub/remove-model.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../format-bytes.js";
import type { ModelOptions } from "../model-options.js";
import type { RunCommand } from "../program.js";

const EXAMPLES = `
Examples:
  vitrail rm dima806/facial_emotions_image_detection
  vitrail rm Freepik/nsfw_image_detector --revision refs/pr/1`;

/** `vitrail rm`: a model out of the cache, or one revision of it. */
export function removeCommand(run: RunCommand): Command {
  return new Command("rm")
    .description("take a model, or one revision of it, out of the cache")
    .argument("<model>", "owner/name")
    .option("--revision <name>", "only this branch, tag or commit; files that others share stay")
    .option("--cache-dir <folder>", "another cache than Python's huggingface_hub has")
    .addHelpText("after", EXAMPLES)
    .action((id: string, { revision, cacheDir }: Pick<ModelOptions, "revision" | "cacheDir">) =>
      run(async (terminal) => {
        const settings = hubSettings(cacheDir);
        const { commits, freedBytes } = await removeModel(id, { cacheDir: settings.cacheDir, revision });
        terminal.out(
          `removed ${id}: ${commits.join(", ") || "unfinished downloads"}; ${formatBytes(freedBytes)} freed`,
        );
        return EXIT.ok;
      }),
    );
}
