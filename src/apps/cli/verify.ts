import { Command } from "commander";
import { BAR } from "../../tasks/compare.js";
import { type VerifyOptions, verifyModel } from "../../tasks/verify-model.js";
import { EXIT } from "./exit-codes.js";
import { hubOptions, MODEL_ARGUMENT, type ModelOptions, withHubOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";

const EXAMPLES = `
Examples:
  vitrail verify ./emotions
  vitrail verify ./emotions --golden references/emotions --json`;

/** `vitrail verify`: a checkpoint against the reference that PyTorch made for it. */
export function verifyCommand(run: RunCommand): Command {
  return withHubOptions(new Command("verify"))
    .description("check that a checkpoint gives PyTorch's numbers here")
    .argument("<model>", `${MODEL_ARGUMENT}; golden.safetensors and golden.json beside it, or --golden`)
    .option("--golden <path>", "the reference without its endings (default: golden in the folder)")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(
      (source: string, { json, golden, ...hub }: { json?: true } & Pick<VerifyOptions, "golden"> & ModelOptions) =>
        run(async (terminal) => {
          const progress = terminal.progress(`running ${source}`);
          const result = await verifyModel(source, {
            ...(golden && { golden }),
            ...hubOptions(hub, terminal, progress),
          }).finally(progress.end);
          if (json) terminal.out(JSON.stringify(result, null, 2));
          else {
            terminal.out(
              `${"tensor".padEnd(16)}${"relative L2".padStart(14)}${"of PyTorch's".padStart(14)}${"largest".padStart(12)}${"of PyTorch's".padStart(14)}`,
            );
            for (const { tensor, relativeL2, maxAbs, ratio, passes } of result.tensors)
              terminal.out(
                `${tensor.padEnd(16)}${relativeL2.toExponential(2).padStart(14)}${ratio.relativeL2.toFixed(2).padStart(14)}${maxAbs.toExponential(2).padStart(12)}${ratio.maxAbs.toFixed(2).padStart(14)}${passes ? "" : "  misses"}`,
              );
            terminal.out(
              result.passes
                ? `ok: every error is at most ${BAR.relativeL2} times (largest difference: ${BAR.maxAbs} times) PyTorch float32's own`
                : `failed: the bar is ${BAR.relativeL2} times (largest difference: ${BAR.maxAbs} times) PyTorch float32's own error`,
            );
          }
          return result.passes ? EXIT.ok : EXIT.checkFailed;
        }),
    );
}
