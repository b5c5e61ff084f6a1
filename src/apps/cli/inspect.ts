import { Command } from "commander";
import { inspectModel } from "../../tasks/inspect-model.js";
import { EXIT } from "./exit-codes.js";
import { hubOptions, MODEL_ARGUMENT, type ModelOptions, withHubOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";

const EXAMPLES = `
Examples:
  vitrail inspect ./emotions
  vitrail inspect ./emotions --json`;

/** `vitrail inspect`: what a checkpoint is, without running it. */
export function inspectCommand(run: RunCommand): Command {
  return withHubOptions(new Command("inspect"))
    .description("show a checkpoint's architecture, parameters, dtypes, labels, preprocessing, size and hash")
    .argument("<model>", MODEL_ARGUMENT)
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((source: string, options: { json?: true } & ModelOptions) =>
      run(async (terminal) => {
        const progress = terminal.progress(`reading ${source}`);
        const facts = await inspectModel(source, hubOptions(options, terminal, progress)).finally(progress.end);
        if (options.json) {
          terminal.out(JSON.stringify(facts, null, 2));
          return EXIT.ok;
        }
        const { architecture: a, preprocessing: p, labels } = facts;
        const pair = ({ height, width }: { height: number; width: number }) => `${height} x ${width}`;
        const resize = p.resize && ("height" in p.resize ? pair(p.resize) : `shorter side ${p.resize.shortestEdge}`);
        const rows: [string, string][] = [
          ["model", facts.name],
          [
            "architecture",
            `${a.depth} blocks, width ${a.width}, ${a.heads} heads, MLP ${a.mlp.kind} ${a.mlp.hidden}, pool ${a.pool}`,
          ],
          ["picture", `${pair(a.image)} in patches of ${pair(a.patch)}`],
          ["parameters", facts.parameters.toLocaleString("en")],
          [
            "dtypes",
            Object.entries(facts.dtypes)
              .map(([dtype, count]) => `${dtype} (${count} tensors)`)
              .join(", "),
          ],
          [
            "labels",
            labels.length === 0
              ? "none: an encoder"
              : `${labels.length}: ${labels.slice(0, 12).join(", ")}${labels.length > 12 ? ", …" : ""}`,
          ],
          ["scores", facts.activation],
          [
            "preprocessing",
            [resize && `resize ${resize} ${p.resize?.filter}`, p.centerCrop && `crop ${pair(p.centerCrop)}`]
              .filter(Boolean)
              .join(", "),
          ],
          ["mean, std", `[${p.mean}], [${p.std}]`],
          ...facts.files.map(({ file, bytes, sha256 }): [string, string] => [
            "file",
            `${file}, ${bytes.toLocaleString("en")} bytes, sha256 ${sha256}`,
          ]),
          ...facts.limitations.map((text): [string, string] => ["limitation", text]),
        ];
        for (const [name, value] of rows) terminal.out(`${name.padEnd(14)}${value}`);
        return EXIT.ok;
      }),
    );
}
