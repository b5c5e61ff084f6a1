import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { encodePng } from "../../images/encode-png.js";
import { explain } from "../../tasks/explain.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { prepareFolder, writing } from "./write-file.js";

const EXAMPLES = `
Examples:
  vitrail explain ./vit cat.jpg --out map.png
  vitrail explain ./vit - --out map.png --json < cat.jpg`;

/** `vitrail explain`: where a model looks in a picture. */
export function explainCommand(run: RunCommand): Command {
  const command = new Command("explain")
    .description("draw where a model looks: attention rollout over the picture")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<picture>", "a file, or - for standard input")
    .requiredOption("--out <file.png>", "the picture with the heat over it")
    .option("--json", "print the patches' shares as JSON, row by row")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action(
    (folder: string, name: string, options: ModelOptions & { out: string; json?: true }) =>
      run(async (terminal) => {
        const [picture, ...others] = await expandPictures([name], terminal);
        if (others.length > 0) throw new UsageError(`"${name}" are ${others.length + 1} pictures: name one of them.`);
        await prepareFolder(options.out);
        await using model = await loadForCommand(folder, options, terminal);
        const { heat, image } = await explain(model, picture!.input, { signal: terminal.signal });
        await writing(options.out, () => writeFile(options.out, encodePng(image)));
        const [rows, columns] = heat.shape as [number, number];
        if (options.json) {
          const map = Array.from({ length: rows }, (_, row) => [
            ...heat.data.slice(row * columns, (row + 1) * columns),
          ]);
          terminal.out(JSON.stringify({ file: name, heat: map }));
        }
        terminal.note(`wrote ${options.out}`);
        return EXIT.ok;
      }),
  );
}
