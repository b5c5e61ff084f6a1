import { Command } from "commander";
import { duplicatesReport, type Thumbnails } from "../../tasks/reports/similarity-report.js";
import { findDuplicates } from "../../tasks/search/find-duplicates.js";
import { embedForCommand, writePage } from "./embed-pictures.js";
import { MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { numberArgument } from "./report.js";
import { prepareFolder } from "./write-file.js";

interface DuplicatesOptions extends ModelOptions {
  threshold?: number;
  html?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail duplicates ./vit photos/
  vitrail duplicates ./vit photos/ --threshold 0.95 --html copies.html`;

/** `vitrail duplicates`: which pictures of a folder are copies of one another. */
export function duplicatesCommand(run: RunCommand): Command {
  const command = new Command("duplicates")
    .description("find pictures that are copies of one another: cropped, mirrored, smaller, encoded anew")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<pictures...>", "files, folders or patterns")
    .option(
      "--threshold <cosine>",
      "from which on two count as copies (default: chosen from the pictures)",
      numberArgument,
    )
    .option("--html <file>", "write a page with each group side by side")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((folder: string, names: string[], options: DuplicatesOptions) =>
    run(async (terminal) => {
      if (options.html) await prepareFolder(options.html);
      const { pictures, vectors, exitCode } = await embedForCommand(folder, names, options, terminal);
      const { threshold } = options;
      const found = await findDuplicates(vectors, {
        ...(threshold !== undefined && { threshold }),
        signal: terminal.signal,
      });
      if (options.json) terminal.out(JSON.stringify(found, null, 2));
      else {
        terminal.out(
          `threshold ${found.threshold.toFixed(4)} (${found.source}); ${found.pairs.length} pairs, ${found.groups.length} groups`,
        );
        for (const group of found.groups) terminal.out(["", ...group].join("\n  ").trimStart());
      }
      const page = (thumbnails: Thumbnails) => duplicatesReport(found, thumbnails);
      if (options.html) await writePage(options.html, found.groups.flat(), pictures, page, terminal);
      return exitCode;
    }),
  );
}
