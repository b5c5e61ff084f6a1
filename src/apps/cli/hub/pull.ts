import { Command } from "commander";
import { getModel } from "../../../io/hub/get-model.js";
import { unpackModel } from "../../../io/hub/unpack-model.js";
import { EXIT, UsageError } from "../exit-codes.js";
import { hubOptions, type ModelOptions, withHubOptions } from "../model-options.js";
import type { RunCommand } from "../program.js";

const EXAMPLES = `
Examples:
  vitrail pull dima806/facial_emotions_image_detection
  vitrail pull Freepik/nsfw_image_detector --revision main --cache-dir ./models
  vitrail pull --from emotions.tar                 # where there is no network; see vitrail pack

For private and gated models set HF_TOKEN. The other variables are those of Python's huggingface_hub: see docs/hub.md.`;

/** `vitrail pull`: a model into the cache, from the Hub or from an archive. Prints its folder. */
export function pullCommand(run: RunCommand): Command {
  return withHubOptions(new Command("pull"))
    .description("fetch a model of the Hub into the cache, and print its folder")
    .argument("[model]", "owner/name")
    .option("--from <archive.tar>", "take it from an archive of `vitrail pack`")
    .addHelpText("after", EXAMPLES)
    .action(
      (id: string | undefined, { from, ...options }: Pick<ModelOptions, "revision" | "cacheDir"> & { from?: string }) =>
        run(async (terminal) => {
          if ((id === undefined) === (from === undefined))
            throw new UsageError(
              "vitrail pull needs a model's id, or --from with an archive, which says its id itself.",
            );
          if (from !== undefined && options.revision !== undefined)
            throw new UsageError("--revision is of the Hub; an archive holds one revision.");
          const progress = terminal.progress(`fetching ${id ?? from}`);
          const hub = hubOptions(options, terminal, progress);
          const { folder } = await (from === undefined ? getModel(id!, hub) : unpackModel(from, hub)).finally(
            progress.end,
          );
          terminal.out(folder);
          return EXIT.ok;
        }),
    );
}
