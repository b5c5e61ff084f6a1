import { Command } from "commander";
import { exportOnnx, exportOnnxBeside } from "../../tasks/export/export-onnx.js";
import { exportTfjs } from "../../tasks/export/export-tfjs.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { hubOptions, MODEL_ARGUMENT, type ModelOptions, withHubOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";

const EXAMPLES = `
Examples:
  vitrail export google/vit-base-patch16-224 --onnx vit-onnx    # for onnxruntime and transformers.js
  vitrail export models/eva02 --beside                          # models/eva02/model.onnx, weights stay where they are
  vitrail export models/eva02 --tfjs eva02-tfjs                 # for tf.loadLayersModel, without vitrail
  vitrail export blazeface-short --onnx faces-onnx`;

interface ExportOptions extends Pick<ModelOptions, "revision" | "cacheDir"> {
  onnx?: string;
  tfjs?: string;
  beside?: true;
}

/** `vitrail export`: a model for other programs. */
export function exportCommand(run: RunCommand): Command {
  return withHubOptions(new Command("export"))
    .description("write a model for other programs: as ONNX, or as a LayersModel of TF.js")
    .argument("<model>", `${MODEL_ARGUMENT}, or blazeface-short, -back, -full`)
    .option("--onnx <folder>", "a new folder with the ONNX graph, its weights and the model's configs")
    .option(
      "--tfjs <folder>",
      "a new folder with a LayersModel that plain TF.js runs, its weights and the model's configs",
    )
    .option("--beside", "an ONNX graph beside the model's own safetensors file, over its bytes")
    .addHelpText("after", EXAMPLES)
    .action((source: string, { onnx, tfjs, beside, ...options }: ExportOptions) =>
      run(async (terminal) => {
        if ([onnx, tfjs, beside].filter((said) => said !== undefined).length !== 1)
          throw new UsageError("Say one of --onnx <folder>, --tfjs <folder> and --beside.");
        const progress = terminal.progress(`exporting ${source}`);
        const hub = hubOptions(options, terminal, progress);
        const work = () => {
          if (onnx !== undefined) return exportOnnx(source, { ...hub, out: onnx });
          return tfjs === undefined ? exportOnnxBeside(source, hub) : exportTfjs(source, { ...hub, out: tfjs });
        };
        terminal.out(await work().finally(progress.end));
        return EXIT.ok;
      }),
    );
}
