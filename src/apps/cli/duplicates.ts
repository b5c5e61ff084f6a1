import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { duplicatesReport } from "../../tasks/reports/similarity-report.js";
import { findDuplicates } from "../../tasks/search/find-duplicates.js";
import type { NamedVector } from "../../tasks/write-vectors.js";
import { embedPictures, thumbnailsOf } from "./embed-pictures.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report } from "./report.js";

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
      const pictures = await expandPictures(names, terminal);
      await using model = await loadForCommand(folder, options, terminal);
      const report = Report.from(terminal, {});
      const items: NamedVector[] = [];
      for await (const item of embedPictures(model, pictures, options, report, terminal)) items.push(item);
      const { threshold } = options;
      const found = await findDuplicates(items, {
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
      if (options.html) {
        await writeFile(options.html, duplicatesReport(found, await thumbnailsOf(found.groups.flat(), pictures)));
        terminal.note(`wrote ${options.html}`);
      }
      return report.failures > 0 ? EXIT.someFailed : EXIT.ok;
    }),
  );
}
