import { Command } from "commander";
import { exportOnnx, exportOnnxBeside } from "../../tasks/onnx/export-onnx.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { hubOptions, MODEL_ARGUMENT, type ModelOptions, withHubOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";

const EXAMPLES = `
Examples:
  vitrail export google/vit-base-patch16-224 --onnx vit-onnx    # for onnxruntime and transformers.js
  vitrail export models/eva02 --beside                          # models/eva02/model.onnx, weights stay where they are
  vitrail export blazeface-short --onnx faces-onnx`;

interface ExportOptions extends Pick<ModelOptions, "revision" | "cacheDir"> {
  onnx?: string;
  beside?: true;
}

/** `vitrail export`: a model for other programs. */
export function exportCommand(run: RunCommand): Command {
  return withHubOptions(new Command("export"))
    .description("write a model as ONNX")
    .argument("<model>", `${MODEL_ARGUMENT}, or blazeface-short, -back, -full`)
    .option("--onnx <folder>", "a new folder with the graph, its weights and the model's configs")
    .option("--beside", "a graph beside the model's own safetensors file, over its bytes")
    .addHelpText("after", EXAMPLES)
    .action((source: string, { onnx, beside, ...options }: ExportOptions) =>
      run(async (terminal) => {
        if ((onnx === undefined) === (beside === undefined))
          throw new UsageError("Say either --onnx <folder> or --beside.");
        const progress = terminal.progress(`exporting ${source}`);
        const hub = hubOptions(options, terminal, progress);
        const path = await (onnx === undefined
          ? exportOnnxBeside(source, hub)
          : exportOnnx(source, { ...hub, out: onnx })
        ).finally(progress.end);
        terminal.out(path);
        return EXIT.ok;
      }),
    );
}
