import { Command, Option } from "commander";
import type { EmbeddingOptions } from "../../tasks/embedding.js";
import { checkVectorFile, writeVectors } from "../../tasks/write-vectors.js";
import { embedForCommand } from "./embed-pictures.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { reportStream } from "./over-pictures.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { Report, type ReportOptions, reportOptions } from "./report.js";
import { prepareFolder, writing } from "./write-file.js";

interface EmbedOptions extends ModelOptions, ReportOptions {
  pool?: NonNullable<EmbeddingOptions["pool"]>;
  normalize: boolean;
  out?: string;
}

const EXAMPLES = `
Examples:
  vitrail embed ./vit photos/ --jsonl > vectors.jsonl
  vitrail embed ./vit photos/ --out vectors.npy
  vitrail embed ./vit cat.jpg --pool mean --no-normalize --json`;

/** Numbers of a vector that people are shown. */
const SHOWN = 6;

/** `vitrail embed`: a vector for each picture. */
export function embedCommand(run: RunCommand): Command {
  const command = new Command("embed")
    .description("turn pictures into vectors for search and clustering")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<pictures...>", "files, folders, or - for standard input")
    .addOption(new Option("--pool <kind>", "how tokens become one vector").choices(["class", "mean", "pooler"]))
    .option("--no-normalize", "leave vectors at their own length")
    .option("--out <file>", "write all vectors into a .npy, .safetensors, .parquet or .jsonl file")
    .addHelpText("after", EXAMPLES);
  for (const option of reportOptions()) command.addOption(option);
  return withModelOptions(command).action((folder: string, names: string[], options: EmbedOptions) =>
    run(async (terminal) => {
      if (options.out !== undefined) {
        const { out } = options;
        await checkVectorFile(out);
        await prepareFolder(out);
        const { vectors, exitCode } = await embedForCommand(folder, names, options, terminal);
        await writing(out, () => writeVectors(out, vectors));
        terminal.note(`wrote ${vectors.length} vectors into ${out}`);
        return exitCode;
      }
      const pictures = await expandPictures(names, terminal);
      await using model = await loadForCommand(folder, options, terminal);
      const { pool, normalize, batch } = options;
      const results = model.embedAll(
        pictures.map(({ input }) => input),
        { ...(pool && { pool }), normalize, ...(batch !== undefined && { batch }), signal: terminal.signal },
      );
      return await reportStream(pictures, results, Report.from(terminal, options), terminal, (file, vector) => ({
        document: { file, embedding: [...vector] },
        text: [
          `${file}  [${[...vector.slice(0, SHOWN)].map((value) => value.toFixed(4)).join(", ")}, …]  ${vector.length} numbers`,
        ],
      }));
    }),
  );
}
