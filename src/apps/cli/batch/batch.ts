import { Command, Option } from "commander";
import { FACE_DETECTORS } from "../../../tasks/faces/load-face-detector.js";
import { computeOptions } from "../compute-options.js";
import { attributeArgument } from "../faces/attribute-argument.js";
import { MODEL_ARGUMENT, withHubOptions } from "../model-options.js";
import type { RunCommand } from "../program.js";
import { numberArgument } from "../report.js";
import { type BatchCommandOptions, batchOptions } from "./batch-options.js";
import { runForCommand } from "./run-for-command.js";
import { type ClassifyWords, classifySpec, type EmbedWords, embedSpec, type FacesWords, facesSpec } from "./specs.js";
import { statusCommand } from "./status.js";

const EXAMPLES = `
Examples:
  vitrail batch classify ./nsfw photos/ --cumulative --out scores.parquet
  vitrail batch embed ./vit pictures.jsonl --out vectors.parquet --shard 3/16
  vitrail batch faces "photos/**/*.jpg" --attributes emotion=./facial_emotions --out faces.jsonl
  vitrail batch classify ./vit pictures.parquet --out labels.csv --queue redis://127.0.0.1:6379
  vitrail batch status labels.csv --queue redis://127.0.0.1:6379

Stop it at any moment, kill it, lose power: the same command goes on, and the output is the same to the byte. Rows, lists and queues: docs/batch.md.`;

const INPUTS = "files, folders, patterns, or lists: .csv, .jsonl or .parquet with path, url or base64";

/** `vitrail batch`: many pictures into one file, to be killed and gone on with. */
export function batchCommand(run: RunCommand): Command {
  const batch = new Command("batch")
    .description("work through many pictures into a JSONL, CSV or Parquet file; goes on where it was stopped")
    .addHelpText("after", EXAMPLES);
  const classify = withHubOptions(batch.command("classify"))
    .description("a row with labels and scores for each picture")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<inputs...>", INPUTS)
    .option("--top-k <count>", "only the best labels (default: all)", numberArgument)
    .option("--threshold <score>", "only labels with at least this score", numberArgument)
    .addOption(new Option("--activation <name>", "how logits become scores").choices(["softmax", "sigmoid", "none"]))
    .option("--cumulative", "for labels in an order: the score of each label or worse")
    .option("--interpolate [pixels]", "run at another picture size than the model was trained on", numberArgument)
    .action((model: string, inputs: string[], words: ClassifyWords & BatchCommandOptions) =>
      run((terminal) => runForCommand(classifySpec(model, words), inputs, words, terminal)),
    );
  const embed = withHubOptions(batch.command("embed"))
    .description("a row with a vector for each picture")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<inputs...>", INPUTS)
    .addOption(new Option("--pool <kind>", "how tokens become one vector").choices(["class", "mean", "pooler"]))
    .option("--no-normalize", "leave vectors at their own length")
    .option("--interpolate [pixels]", "run at another picture size than the model was trained on", numberArgument)
    .action((model: string, inputs: string[], words: EmbedWords & BatchCommandOptions) =>
      run((terminal) => runForCommand(embedSpec(model, words), inputs, words, terminal)),
    );
  const faces = batch
    .command("faces")
    .description("a row with the faces of each picture and what they show")
    .argument("<inputs...>", INPUTS)
    .addOption(new Option("--model <name>", "what finds them").choices(FACE_DETECTORS).default("auto"))
    .option(
      "--attributes <[name=]model>",
      "what to say of each face (default name: emotion); repeatable",
      attributeArgument,
    )
    .option("--embed <attribute or model>", "a vector of each face, from an attribute's model or another one")
    .option("--min-score <score>", "only faces with at least this score", numberArgument)
    .option("--max-faces <count>", "only the best faces of a picture", numberArgument)
    .option("--min-size <pixels>", "only faces at least as large", numberArgument)
    .option("--cache-dir <folder>", "where models of the Hub are kept (default: as Python's huggingface_hub)")
    .action((inputs: string[], words: FacesWords & BatchCommandOptions) =>
      run((terminal) => runForCommand(facesSpec(words), inputs, words, terminal)),
    );
  for (const command of [classify, embed, faces])
    for (const option of [...batchOptions(), ...computeOptions()]) command.addOption(option);
  return batch.addCommand(statusCommand(run));
}
