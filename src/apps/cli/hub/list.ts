import { Command } from "commander";
import { hubSettings } from "../../../io/hub/hub-settings.js";
import { type CachedModel, listModels } from "../../../io/hub/list-models.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../format-bytes.js";
import type { RunCommand } from "../program.js";

const EXAMPLES = `
Examples:
  vitrail list
  vitrail list --json --cache-dir ./models`;

/** `vitrail list`: the models in the cache. */
export function listCommand(run: RunCommand): Command {
  return new Command("list")
    .description("show the models in the cache: sizes, revisions, when they were last used")
    .option("--cache-dir <folder>", "another cache than Python's huggingface_hub has")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(({ cacheDir, json }: { cacheDir?: string; json?: true }) =>
      run(async (terminal) => {
        const settings = hubSettings(cacheDir);
        const models = await listModels(settings.cacheDir);
        if (json) terminal.out(JSON.stringify(models, null, 2));
        else for (const line of models.flatMap(describe)) terminal.out(line);
        if (models.length === 0) terminal.note(`no models in ${settings.cacheDir}`);
        return EXIT.ok;
      }),
    );
}

function describe({ id, bytes, lastUsed, revisions }: CachedModel): string[] {
  return [
    `${id}  ${formatBytes(bytes)}, last used ${lastUsed.toISOString().slice(0, 10)}`,
    ...revisions.map(
      ({ commit, refs, files, bytes: size }) =>
        `  ${commit}  ${files} ${files === 1 ? "file" : "files"}, ${formatBytes(size)}${refs.length > 0 ? `  (${refs.join(", ")})` : ""}`,
    ),
  ];
}
