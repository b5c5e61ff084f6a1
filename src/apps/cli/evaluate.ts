import { Command } from "commander";
import { evaluateModel } from "../../tasks/training/evaluate-model.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { evaluationDocument, evaluationLines, writeTrainingReport } from "./training-report.js";
import { prepareFolder } from "./write-file.js";

interface EvaluateCommandOptions extends ModelOptions {
  cache?: string;
  report?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail evaluate ./my-head held-out/ --report head.html
  vitrail evaluate ./nsfw labels.csv --json`;

/** `vitrail evaluate`: what a classifier's answers are worth. */
export function evaluateCommand(run: RunCommand): Command {
  const command = new Command("evaluate")
    .description("judge a classifier by labelled pictures")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<examples>", "folder with a folder of pictures per label, or a .csv or .jsonl list")
    .option("--cache <folder>", "keep the answers there")
    .option("--report <file>", "write a page about it")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((source: string, examples: string, options: EvaluateCommandOptions) =>
    run(async (terminal) => {
      if (options.report) await prepareFolder(options.report);
      await using model = await loadForCommand(source, options, terminal);
      const line = terminal.progress("reading examples");
      const evaluation = await evaluateModel(model, examples, {
        ...(options.cache !== undefined && { cache: options.cache }),
        ...(options.batch !== undefined && { batch: options.batch }),
        signal: terminal.signal,
        progress: (done, total) => line.update(`pictures: ${done} / ${total}`),
      }).finally(line.end);
      if (options.json) terminal.out(JSON.stringify(evaluationDocument(evaluation), null, 2));
      else for (const text of evaluationLines(evaluation)) terminal.out(text);
      for (const { name, message } of evaluation.omitted) terminal.note(`left out ${name}: ${message}`);
      if (options.report) await writeTrainingReport(options.report, evaluation, terminal);
      return evaluation.omitted.length > 0 ? EXIT.someFailed : EXIT.ok;
    }),
  );
}
