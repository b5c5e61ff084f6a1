import { Command } from "commander";
import { packModel } from "../../../io/hub/pack-model.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../format-bytes.js";
import { hubOptions, type ModelOptions, withHubOptions } from "../model-options.js";
import type { RunCommand } from "../program.js";

const EXAMPLES = `
Example:
  vitrail pack dima806/facial_emotions_image_detection --out emotions.tar
  vitrail pull --from emotions.tar                 # on the machine without a network`;

/** `vitrail pack`: a model with the hashes of its files as one archive. */
export function packCommand(run: RunCommand): Command {
  return withHubOptions(new Command("pack"))
    .description("write a model and its hashes into one archive, for machines without a network")
    .argument("<model>", "owner/name")
    .requiredOption("--out <archive.tar>", "the archive")
    .addHelpText("after", EXAMPLES)
    .action((id: string, { out, ...options }: Pick<ModelOptions, "revision" | "cacheDir"> & { out: string }) =>
      run(async (terminal) => {
        const progress = terminal.progress(`packing ${id}`);
        const { files, commit } = await packModel(id, out, hubOptions(options, terminal, progress)).finally(
          progress.end,
        );
        for (const { path, bytes, sha256 } of files) terminal.out(`${sha256}  ${path}  ${formatBytes(bytes)}`);
        terminal.note(`packed ${id} at ${commit} into ${out}`);
        return EXIT.ok;
      }),
    );
}
