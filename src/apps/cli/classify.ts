import { Command, Option } from "commander";
import type { ScoreActivation } from "../../tasks/classification.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { reportStream } from "./over-pictures.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report, type ReportOptions, reportOptions } from "./report.js";

interface ClassifyOptions extends ModelOptions, ReportOptions {
  topK?: number;
  threshold?: number | "fitted";
  temperature?: number | "fitted";
  activation?: ScoreActivation;
  cumulative?: true;
}

const EXAMPLES = `
Examples:
  vitrail classify ./emotions face.jpg
  vitrail classify ./my-head photos/ --threshold fitted
  vitrail classify ./nsfw photos/ --cumulative --jsonl > scores.jsonl
  curl -s https://example.org/cat.jpg | vitrail classify ./vit - --top-k 3 --json`;

/** `vitrail classify`: labels with their scores, best first. */
export function classifyCommand(run: RunCommand): Command {
  const command = new Command("classify")
    .description("say what pictures show: labels with their scores, best first")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<pictures...>", "files, folders, or - for standard input")
    .option("--top-k <count>", "only the best labels (default: all)", numberArgument)
    .option(
      "--threshold <score>",
      "only labels with at least this score; fitted: those that a head of `vitrail fit` decides on",
      numberOrFitted,
    )
    .option(
      "--temperature <number>",
      "divide logits by it (default: 1, as Python); fitted: as `vitrail fit` found it, for honest confidences",
      numberOrFitted,
    )
    .addOption(new Option("--activation <name>", "how logits become scores").choices(["softmax", "sigmoid", "none"]))
    .option("--cumulative", "for labels in an order: the score of each label or worse")
    .addHelpText("after", EXAMPLES);
  for (const option of reportOptions()) command.addOption(option);
  return withModelOptions(command).action((folder: string, names: string[], options: ClassifyOptions) =>
    run(async (terminal) => {
      const pictures = await expandPictures(names, terminal);
      await using model = await loadForCommand(folder, options, terminal);
      const { topK, threshold, temperature, activation, cumulative, batch } = options;
      const results = model.classifyAll(
        pictures.map(({ input }) => input),
        {
          ...(topK !== undefined && { topK }),
          ...(threshold !== undefined && { threshold }),
          ...(temperature !== undefined && { temperature }),
          ...(activation && { activation }),
          ...(cumulative && { cumulative: "label-order" as const }),
          ...(batch !== undefined && { batch }),
          signal: terminal.signal,
        },
      );
      return await reportStream(pictures, results, Report.from(terminal, options), terminal, (file, labels) => ({
        document: { file, labels },
        text: [file, ...labels.map(({ label, score }) => `  ${score.toFixed(4).padStart(9)}  ${label}`)],
      }));
    }),
  );
}

const numberOrFitted = (text: string): number | "fitted" => (text === "fitted" ? text : numberArgument(text));
