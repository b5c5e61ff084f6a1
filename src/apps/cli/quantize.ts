import { Command, InvalidArgumentError, Option } from "commander";
import { ENGINES, type EngineName } from "../../backend/engine.js";
import { BUDGET_NAMES, type Budget } from "../../tasks/quantize/budget.js";
import type { QuantizationReport } from "../../tasks/quantize/quantization-report.js";
import { quantize } from "../../tasks/quantize/quantize.js";
import type { QuantizeOptions, QuantizeProgress } from "../../tasks/quantize/quantize-options.js";
import { threadsOption } from "./compute-options.js";
import { EXIT } from "./exit-codes.js";
import { formatBytes } from "./format-bytes.js";
import { MODEL_ARGUMENT, type ModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { numberArgument } from "./report.js";

interface QuantizeCommandOptions
  extends Pick<ModelOptions, "threads" | "revision" | "cacheDir">,
    Pick<QuantizeOptions, "budget" | "keepWorst"> {
  int8?: true;
  float16?: true;
  calibrate: string;
  out: string;
  keep?: string[];
  engines?: EngineName[];
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail quantize ./emotions --int8 --calibrate photos/ --out ./emotions-int8
  vitrail quantize ./emotions --int8 --calibrate photos/ --out ./emotions-int8 --budget agreement=0.995,cosine=0.998
  vitrail quantize ./emotions --int8 --calibrate photos/ --out ./emotions-int8 --budget cosine=0.998 --keep-worst auto

A budget has agreement, cosine (least), mean-cosine, divergence (mean, at most). Beyond it, nothing is written, the layers to keep are named and the exit
code is 4.`;

/** `vitrail quantize`: a smaller copy of a model, with a receipt. */
export function quantizeCommand(run: RunCommand): Command {
  return new Command("quantize")
    .description("write a smaller copy of a model, with a report of what that costs")
    .argument("<model>", MODEL_ARGUMENT)
    .addOption(new Option("--int8", "a quarter of float32's size, and faster (default)").conflicts("float16"))
    .option("--float16", "half of float32's size")
    .requiredOption("--calibrate <folder>", "pictures like those that the model will see")
    .requiredOption("--out <folder>", "folder to write, which must not exist or be empty")
    .option("--budget <limits>", "what it may lose at most, as agreement=0.995,cosine=0.998", budgetArgument)
    .option(
      "--keep-worst <count>",
      'keep so many layers as they are, or "auto" for the fewest in the budget',
      keepArgument,
    )
    .option("--keep <names...>", 'keep these layers in any case ("attention": the products within attentions)')
    .option("--engines <names>", "engines to time it on (default: all installed but cpu)", enginesArgument)
    .addOption(threadsOption())
    .option("--revision <name>", "of a model on the Hub: a branch, a tag or a commit (default: main)")
    .option("--cache-dir <folder>", "where models of the Hub are kept (default: as Python's huggingface_hub)")
    .option("--json", "print the report as one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((source: string, { int8: _, float16, json, ...options }: QuantizeCommandOptions) =>
      run(async (terminal) => {
        const line = terminal.progress(`quantizing ${source}`);
        const report = await quantize(source, {
          ...options,
          dtype: float16 ? "float16" : "int8",
          signal: terminal.signal,
          progress: (event) => line.update(progressText(event)),
        }).finally(line.end);
        if (json) terminal.out(JSON.stringify(report, null, 2));
        else for (const text of describe(report, options.out)) terminal.out(text);
        for (const { name, message } of report.omitted) terminal.note(`left out ${name}: ${message}`);
        return report.omitted.length > 0 ? EXIT.someFailed : EXIT.ok;
      }),
    );
}

function describe(report: QuantizationReport, out: string): string[] {
  const { agreement, cosine, divergence, size, speed, layers, pictures } = report;
  const kept = layers.filter(({ stored }) => stored === "as it was").map(({ name }) => name);
  const of = agreement.of === "labels" ? "same best label" : "same nearest picture";
  return [
    `${pictures} pictures: ${of} ${(agreement.share * 100).toFixed(1)} %, cosine ${cosine.mean.toFixed(5)} in the mean, ${cosine.least.toFixed(5)} at least${divergence ? `, KL divergence ${divergence.mean.toExponential(2)}` : ""}`,
    `${formatBytes(size.before)} before, ${formatBytes(size.after)} after`,
    ...speed.map(
      ({ engine, before, after }) =>
        `a picture on ${engine}: ${before.toFixed(1)} ms before, ${after.toFixed(1)} ms after`,
    ),
    ...(kept.length > 0 ? [`kept as they were: ${kept.join(", ")}`] : []),
    ...(report.dtype === "int8" && report.attention === "float32"
      ? ["the products within attentions stay float32"]
      : []),
    `written to ${out}, with report.html`,
  ];
}

function progressText({ stage, done, total }: QuantizeProgress): string {
  if (stage === "timing") return "timing both on each engine";
  return stage === "layers" ? `layers tried alone: ${done} / ${total}` : `pictures: ${done} / ${total}`;
}

function budgetArgument(text: string): Budget {
  const entries = text.split(",").map((entry): [string, number] => {
    const [, name, value] = /^([a-z-]+)=(.+)$/.exec(entry.trim()) ?? [];
    const key = name?.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (key === undefined || !BUDGET_NAMES.includes(key as keyof Budget))
      throw new InvalidArgumentError("Wanted limits such as agreement=0.995,cosine=0.998.");
    return [key, numberArgument(value!)];
  });
  return Object.fromEntries(entries);
}

const keepArgument = (text: string) => (text === "auto" ? text : numberArgument(text));

function enginesArgument(text: string): EngineName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(ENGINES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no engine "${unknown}".`);
  return names as EngineName[];
}
