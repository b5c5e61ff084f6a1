import { Command } from "commander";
import type { EngineCheck } from "../../backend/check-engine.js";
import { type Diagnosis, diagnose } from "../../tasks/diagnose.js";
import { EXIT } from "./exit-codes.js";
import type { RunCommand } from "./program.js";

const EXAMPLES = `
Examples:
  vitrail doctor
  vitrail doctor --json`;

/** `vitrail doctor`: what this machine has, which engines work here, and how fast they are. */
export function doctorCommand(run: RunCommand): Command {
  return new Command("doctor")
    .description("say which engines work here and how fast, and why others do not")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((options: { json?: true }) =>
      run(async (terminal) => {
        const progress = terminal.progress("trying the engines");
        const diagnosis = await diagnose().finally(progress.end);
        if (options.json) terminal.out(JSON.stringify(diagnosis, null, 2));
        else for (const line of describe(diagnosis)) terminal.out(line);
        const own = diagnosis.engines.find(({ engine }) => engine === "vitrail");
        return own?.works ? EXIT.ok : EXIT.checkFailed;
      }),
    );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function describe({ node, v8, platform, processors, memory, features, automatic, engines }: Diagnosis): string[] {
  const rows: [string, string][] = [
    ["Node", `${node}, V8 ${v8}, ${platform}`],
    ["processors", `${processors.usable} usable of ${processors.count}: ${processors.model.trim()}`],
    [
      "memory",
      `${gigabytes(memory.free)} free of ${gigabytes(memory.total)}; this process takes ${gigabytes(memory.process)}`,
    ],
    ["threads", features.sharedMemory ? "yes" : "no SharedArrayBuffer: one thread"],
    ["SIMD", features.relaxedSimd ? "relaxed" : features.simd ? "plain" : "none"],
    ["256-bit SIMD", describePairs(features.pairedVectors, engines)],
  ];
  const names = rows.map(([name, value]) => `${name.padEnd(14)}${value}`);
  return [...names, "", `engines ("auto" takes "${automatic.engine}"):`, ...engines.map(describeEngineCheck)];
}

function describePairs(isPossible: boolean, engines: readonly EngineCheck[]): string {
  const own = engines.find(({ engine }) => engine === "vitrail");
  if (own?.works && own.description.simd === "revectorized") return "on";
  return isPossible ? "off; VITRAIL_REVECTORIZE=1 switches it on" : "needs Node 24 or newer on x64";
}

function describeEngineCheck(check: EngineCheck): string {
  const name = `  ${check.engine.padEnd(16)}`;
  if (!check.works) return `${name}no   ${check.reason}`;
  const { threads, simd, kernels, device } = check.description;
  const facts = [
    device ?? `${threads} ${threads === 1 ? "thread" : "threads"}, ${simd === "none" ? "no" : simd} SIMD`,
    kernels === "fused" ? "fused kernels" : "composed of TF.js's ops",
    `${check.gigaflops.toFixed(check.gigaflops < 10 ? 1 : 0)} GFLOP/s`,
  ];
  return `${name}ok   self-test passed, ${facts.join(", ")}`;
}
