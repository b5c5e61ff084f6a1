// Compares the built package with PyTorch's references and writes docs/conformance.md. Exits with 1 if anything misses the bar.
//
//   npm run conformance                                                everything, on the engine that "auto" takes
//   npm run conformance -- --engine wasm                               the cases on one engine, for the section about engines
//   npm run conformance -- --engine webgpu --full-size 0               ... the tiny models only
//   npm run conformance -- --engine vitrail --name vitrail-node24      ... kept under a name of its own
//   npm run conformance -- --engine tensorflow --project FOLDER        ... with the vitrail that is installed in FOLDER, beside the engine
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "tsup";

const root = join(import.meta.dirname, "..");
// In a folder beside this file, since the cases look for their files from where they are.
const bundle = join(import.meta.dirname, "report.bundle.mjs");
const TESTS = ["faults", "face-faults", "blazeface", "gradients", "invariance", "photographs"].map(
  (name) => `conformance/${name}.test.ts`,
);

const document = join(root, "docs/conformance.md");
const { values: options } = parseArgs({
  options: {
    engine: { type: "string" },
    project: { type: "string" },
    "full-size": { type: "string", default: "8" },
    name: { type: "string" },
  },
});

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
  const bundled = await import(pathToFileURL(bundle).href);
  const passes = options.engine ? await oneEngine(bundled, options) : await everything(bundled);
  console.log(`${passes ? "Everything is within the bar" : "Something misses the bar"}; see docs/conformance.md.`);
  process.exitCode = passes ? 0 : 1;
} finally {
  rmSync(bundle, { force: true });
}

async function everything({ report, withEngineSection }) {
  console.log("tests of the sources …");
  const packed = { ...(await import("vitrail")), ...(await import("vitrail/faces")) };
  const { markdown, passes } = await report(packed, testsOfTheSources(), console.log);
  writeFileSync(document, withEngineSection(markdown));
  return passes;
}

async function oneEngine({ runEngine, withEngineSection }, { engine, project, name, "full-size": fullSize }) {
  const packed = await import(
    project ? pathToFileURL(resolve(project, "node_modules/vitrail/dist/index.js")).href : "vitrail"
  );
  const passes = await runEngine(packed, { engine, name, fullSize: Number(fullSize) }, console.log);
  writeFileSync(document, withEngineSection(readFileSync(document, "utf8")));
  return passes;
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
