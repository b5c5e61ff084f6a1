import { Command, Option } from "commander";
import { type Answer, searchReport, type Thumbnails } from "../../tasks/reports/similarity-report.js";
import { fingerprintOf } from "../../tasks/search/fingerprint.js";
import { openIndex } from "../../tasks/search/open-index.js";
import { writePage } from "./embed-pictures.js";
import { loadForCommand, type ModelOptions, withModelOptions } from "./model-options.js";
import { reportStream } from "./over-pictures.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report, type ReportOptions, reportOptions } from "./report.js";
import { prepareFolder } from "./write-file.js";

interface SearchCommandOptions extends ModelOptions, ReportOptions {
  model: string;
  pool?: "class" | "mean" | "pooler";
  topK: number;
  html?: string;
}

const EXAMPLES = `
Examples:
  vitrail search ./photos.index cat.jpg --model ./vit
  vitrail search ./photos.index queries/ --model ./vit --top-k 3 --jsonl
  vitrail search ./photos.index queries/ --model ./vit --html found.html`;

/** `vitrail search`: the pictures of an index that are most like others. */
export function searchCommand(run: RunCommand): Command {
  const command = new Command("search")
    .description("find the pictures of an index that are most like yours")
    .argument("<index>", "folder that `vitrail index` made")
    .argument("<pictures...>", "files, folders, patterns, or - for standard input")
    .requiredOption("--model <folder>", "the model that the index was made with")
    .option("--top-k <count>", "so many of the most alike", numberArgument, 10)
    .addOption(new Option("--pool <kind>", "as for the index").choices(["class", "mean", "pooler"]))
    .option("--html <file>", "write a page with what was found beside what was asked")
    .addHelpText("after", EXAMPLES);
  for (const option of reportOptions()) command.addOption(option);
  return withModelOptions(command).action((folder: string, names: string[], options: SearchCommandOptions) =>
    run(async (terminal) => {
      if (options.html) await prepareFolder(options.html);
      const pictures = await expandPictures(names, terminal);
      await using model = await loadForCommand(options.model, options, terminal);
      const { pool, batch, topK } = options;
      const fingerprint = await fingerprintOf(model, pool && { pool });
      await using index = await openIndex(folder, { mode: "read", fingerprint });
      const vectors = model.embedAll(
        pictures.map(({ input }) => input),
        { ...(pool && { pool }), ...(batch !== undefined && { batch }), signal: terminal.signal },
      );
      const report = Report.from(terminal, options);
      const answers: Answer[] = [];
      const exitCode = await reportStream(pictures, vectors, report, terminal, async (file, vector) => {
        const hits = await index.search(vector, { topK, signal: terminal.signal });
        if (options.html) answers.push({ query: file, hits });
        return {
          document: { file, hits },
          text: [file, ...hits.map(({ id, score }) => `  ${score.toFixed(4)}  ${id}`)],
        };
      });
      const shown = answers.flatMap(({ query, hits }) => [query, ...hits.map(({ id }) => id)]);
      const page = (thumbnails: Thumbnails) => searchReport(answers, thumbnails);
      if (options.html) await writePage(options.html, shown, pictures, page, terminal);
      return exitCode;
    }),
  );
}
