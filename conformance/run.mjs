// Compares the built package with PyTorch's references and writes docs/conformance.md. Exits with 1 if anything misses the bar.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "tsup";
import { describeEngine, loadModel } from "vitrail";
import { loadFaceDetector } from "vitrail/faces";

const root = join(import.meta.dirname, "..");
// In a folder beside this file, since the cases look for their files from where they are.
const bundle = join(import.meta.dirname, "report.bundle.mjs");
const TESTS = ["faults", "face-faults", "blazeface", "gradients", "invariance", "photographs"].map(
  (name) => `conformance/${name}.test.ts`,
);

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
  console.log("tests of the sources …");
  const { markdown, passes } = await report(
    { loadModel, loadFaceDetector, describeEngine },
    testsOfTheSources(),
    console.log,
  );
  writeFileSync(join(root, "docs/conformance.md"), markdown);
  console.log(`${passes ? "Everything is within the bar" : "Something misses the bar"}; see docs/conformance.md.`);
  process.exitCode = passes ? 0 : 1;
} finally {
  rmSync(bundle, { force: true });
}

/** What needs the inside of the sources: seeded faults, gradients, bits of photographs. */
function testsOfTheSources() {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-conformance-"));
  const output = join(folder, "tests.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", ...TESTS, "--reporter=json", `--outputFile=${output}`];
  try {
    spawnSync(process.execPath, [vitest, ...options], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    return JSON.parse(readFileSync(output, "utf8")).testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ title, status }) => ({ file: basename(name), title, passed: status === "passed" })),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
