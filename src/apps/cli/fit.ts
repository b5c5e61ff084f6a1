import { Command, Option } from "commander";
import { fitHead } from "../../tasks/training/fit-head.js";
import type { FitOptions, FitProgress } from "../../tasks/training/fit-options.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { numberArgument } from "./report.js";
import { evaluationDocument, evaluationLines, writeTrainingReport } from "./training-report.js";
import { prepareFolder } from "./write-file.js";

interface FitCommandOptions
  extends ModelOptions,
    Pick<
      FitOptions,
      | "solver"
      | "hidden"
      | "validation"
      | "seed"
      | "labelSmoothing"
      | "regularization"
      | "learningRate"
      | "weightDecay"
      | "epochs"
      | "patience"
      | "cache"
      | "checkpoint"
      | "unfreeze"
      | "backboneLearningRate"
      | "microBatch"
    > {
  model: string;
  out: string;
  balanced?: true;
  views?: number;
  loraRank?: number;
  loraAlpha?: number;
  loraTargets?: string;
  loraLayers?: number;
  test?: string;
  report?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail fit photos/ --model ./vit --out ./my-head              photos/cat/*.jpg, photos/dog/*.jpg, …
  vitrail fit labels.csv --model ./vit --out ./my-head --cache features --test held-out/ --report head.html
  vitrail fit photos/ --model ./vit --out ./my-vit --unfreeze 2 --cache tokens       the last two blocks are trained too
  vitrail fit photos/ --model ./vit --out ./my-vit --lora-rank 8 --lora-layers 4
  vitrail classify ./my-head other-photos/

A .csv has the columns path and label (or labels, with | between them), a .jsonl the fields { "path", "label" } or { "path", "labels" }.`;

/** What goes to fitHead as it is. */
const PASSED = [
  "solver",
  "hidden",
  "validation",
  "seed",
  "labelSmoothing",
  "regularization",
  "learningRate",
  "weightDecay",
  "epochs",
  "patience",
  "cache",
  "checkpoint",
  "batch",
  "unfreeze",
  "backboneLearningRate",
  "microBatch",
] as const;

/** `vitrail fit`: trains a classifier's head on labelled pictures. */
export function fitCommand(run: RunCommand): Command {
  const command = new Command("fit")
    .description("train a head on pictures of your own; Python loads it too")
    .argument("<examples>", "folder with a folder of pictures per label, or a .csv or .jsonl list")
    .requiredOption("--model <model>", MODEL_ARGUMENT)
    .requiredOption("--out <folder>", "where the model with its new head goes")
    .addOption(new Option("--solver <name>", "how (default: lbfgs; adamw with --hidden)").choices(["lbfgs", "adamw"]))
    .option("--hidden <units>", "put a hidden layer before the classifier", numberArgument)
    .option("--validation <share>", "of the pictures, kept to judge by (default: 0.2)", numberArgument)
    .option("--seed <number>", "of all that is random (default: 0)", numberArgument)
    .option("--label-smoothing <share>", "spread over all labels (default: 0)", numberArgument)
    .option("--balanced", "as much weight for rare labels as for frequent ones")
    .option("--views <count>", "learn from so many changed views of each picture too", numberArgument)
    .option(
      "--regularization <strength>",
      "lbfgs: penalty on weights, scikit-learn's 1 / C (default: 1)",
      numberArgument,
    )
    .option("--learning-rate <rate>", "adamw (default: 0.001)", numberArgument)
    .option("--weight-decay <share>", "adamw (default: 0.01)", numberArgument)
    .option("--epochs <count>", "most of them", numberArgument)
    .option("--patience <epochs>", "adamw: stop after so many without a better one (default: 10)", numberArgument)
    .option("--unfreeze <blocks>", "train so many of the last blocks with the head", numberArgument)
    .option(
      "--lora-rank <rank>",
      "train low-rank adapters in the attentions with the head (default: 8)",
      numberArgument,
    )
    .option("--lora-alpha <alpha>", "they count alpha / rank (default: 16)", numberArgument)
    .option("--lora-targets <names>", "of query, key, value and output, with commas (default: query,value)")
    .option("--lora-layers <blocks>", "in so many of the last blocks (default: all)", numberArgument)
    .option("--backbone-learning-rate <rate>", "of blocks (default: 0.00005; adapters 0.001)", numberArgument)
    .option("--micro-batch <count>", "pictures that pass trained blocks at once (default: 8)", numberArgument)
    .option("--cache <folder>", "keep the backbone's features there")
    .option("--checkpoint <file>", "adamw: keep the state there, and go on from it")
    .option("--test <examples>", "other pictures to judge the head by (default: those kept for validation)")
    .option("--report <file>", "write a page about it")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((source: string, options: FitCommandOptions) =>
    run(async (terminal) => {
      if (options.report) await prepareFolder(options.report);
      await using model = await loadForCommand(options.model, options, terminal);
      const passed = Object.fromEntries(
        PASSED.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
      );
      const line = terminal.progress("reading examples");
      await using head = await fitHead(model, source, {
        ...passed,
        ...(options.balanced && { classWeights: "balanced" }),
        ...(options.views !== undefined && { augmentation: { views: options.views } }),
        ...loraOptions(options),
        signal: terminal.signal,
        progress: (event) => line.update(progressText(event)),
      }).finally(line.end);
      await head.save(options.out);
      const { summary, history, settings } = head;
      const own = options.test === undefined ? head.validation : undefined;
      const evaluation =
        own ??
        (await head.evaluate(options.test ?? source, {
          ...(options.cache !== undefined && { cache: options.cache }),
          signal: terminal.signal,
        }));
      if (options.json)
        terminal.out(
          JSON.stringify(
            { summary, tuning: settings.tuning, last: history.at(-1), evaluation: evaluationDocument(evaluation) },
            null,
            2,
          ),
        );
      else
        for (const text of [
          `learned from ${summary.training} pictures; judged by ${own ? "the others of them" : (options.test ?? source)}:`,
          ...evaluationLines(evaluation),
          `saved in ${options.out}`,
        ])
          terminal.out(text);
      for (const { name, message } of summary.omitted) terminal.note(`left out ${name}: ${message}`);
      if (options.report) await writeTrainingReport(options.report, evaluation, terminal, history);
      return summary.omitted.length > 0 ? EXIT.someFailed : EXIT.ok;
    }),
  );
}

/** `lora` where one of its options is given. */
function loraOptions({ loraRank, loraAlpha, loraTargets, loraLayers }: FitCommandOptions): Pick<FitOptions, "lora"> {
  const given = Object.entries({
    rank: loraRank,
    alpha: loraAlpha,
    targets: loraTargets?.split(",").map((target) => target.trim()),
    layers: loraLayers,
  }).filter(([, value]) => value !== undefined);
  return given.length > 0 ? { lora: Object.fromEntries(given) } : {};
}

function progressText(event: FitProgress): string {
  if (event.stage === "features") return `pictures: ${event.done} / ${event.total}`;
  const { epoch, loss, accuracy, validationLoss, validationAccuracy } = event;
  const own = `epoch ${epoch}: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}`;
  return validationLoss === undefined
    ? own
    : `${own}; validation ${validationLoss.toFixed(4)}, ${percent(validationAccuracy)}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? "unknown" : `${(share * 100).toFixed(1)} %`;
}
