// Compares the built package with PyTorch's references and writes docs/conformance.md. Exits with 1 if anything misses the bar.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "tsup";
import * as vitrail from "vitrail";

const root = join(import.meta.dirname, "..");
// In a folder beside this file, since the cases look for their files from where they are.
const bundle = join(import.meta.dirname, "report.bundle.mjs");

try {
  await build({
    config: false,
    entry: { "report.bundle": join(import.meta.dirname, "report.ts") },
    outDir: import.meta.dirname,
    outExtension: () => ({ js: ".mjs" }),
    format: "esm",
    target: "node20",
    clean: false,
    silent: true,
  });
  const { report } = await import(pathToFileURL(bundle).href);
  console.log("seeded faults …");
  const { markdown, passes } = await report(vitrail, seededFaults(), console.log);
  writeFileSync(join(root, "docs/conformance.md"), markdown);
  console.log(`${passes ? "Everything is within the bar" : "Something misses the bar"}; see docs/conformance.md.`);
  process.exitCode = passes ? 0 : 1;
} finally {
  rmSync(bundle, { force: true });
}

/** The faults change the code of layers, so they run on the sources, in vitest. */
function seededFaults() {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-faults-"));
  const output = join(folder, "faults.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "conformance/faults.test.ts", "--reporter=json", `--outputFile=${output}`];
  try {
    spawnSync(process.execPath, [vitest, ...options], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    return JSON.parse(readFileSync(output, "utf8"))
      .testResults.flatMap(({ assertionResults }) => assertionResults)
      .filter(({ title }) => title.includes(": caught by "))
      .map(({ title, status }) => ({ title, caught: status === "passed" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
