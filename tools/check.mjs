// Everything that must hold besides the tests: types, lint and format, no dead code, and a package that others can install and import.
// Prints a line for each and ends with "N passed, N failed".
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => join(root, "node_modules/.bin", name);
/** Disk that an install may take, in megabytes: what the README promises. */
const INSTALL_LIMIT = 100;

/** A program that imports TF.js beside vitrail: vitrail's backend must be known to the program's TF.js. */
const ONE_TFJS = `import { loadFaceDetector } from "vitrail/faces";
import * as tf from "@tensorflow/tfjs-core";
await loadFaceDetector({ engine: "vitrail", threads: 1 });
if (tf.getBackend() !== "vitrail") throw new Error("vitrail has a TF.js of its own");
`;

const checks = [
  ["types", () => run(bin("tsc"), ["-p", "."])],
  ["lint and format", () => run(bin("biome"), ["ci", "--colors=off", "--error-on-warnings", "."])],
  ["build", () => run(bin("tsup"), ["--silent"])],
  ["dead code and dependencies (knip)", () => run(bin("knip"), ["--no-config-hints"])],
  ["package.json (publint)", () => run(bin("publint"), ["--strict"])],
  ["types as others resolve them (attw)", () => run(bin("attw"), ["--pack", "--profile", "esm-only"])],
  ["install of the packed package, scripts off", installPacked],
  ["one TF.js in a bundle", bundle],
];

let failed = 0;
for (const [name, check] of checks) {
  try {
    const note = await check();
    console.log(`ok    ${name}${note ? `: ${note}` : ""}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${error.message}`);
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8", ...options });
  if (error || status !== 0) throw new Error(`${error?.message ?? ""}${stdout ?? ""}${stderr ?? ""}`.trim());
}

/** Installs the tarball into an empty folder, imports every export, runs the binary, and measures the disk it takes. */
function installPacked() {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-install-"));
  try {
    run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder]);
    const [tarball] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
    run("npm", ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", `./${tarball}`], {
      cwd: folder,
    });
    const { name, exports, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
    const imports = entries.map((entry) => `await import(${JSON.stringify(name + entry.slice(1))});`).join("\n");
    writeFileSync(join(folder, "imports.mjs"), imports);
    run(process.execPath, ["imports.mjs"], { cwd: folder });
    writeFileSync(join(folder, "one-tfjs.mjs"), ONE_TFJS);
    run(process.execPath, ["one-tfjs.mjs"], { cwd: folder });
    const printed = execFileSync(join(folder, "node_modules/.bin", name), ["--version"], { encoding: "utf8" }).trim();
    if (printed !== version) throw new Error(`${name} --version printed "${printed}", wanted "${version}"`);
    const withScripts = scriptsBelow(join(folder, "node_modules"));
    if (withScripts.length > 0) throw new Error(`dependencies with install scripts: ${withScripts.join(", ")}`);
    const megabytes =
      Number(execFileSync("du", ["-sk", "node_modules"], { cwd: folder, encoding: "utf8" }).split("\t")[0]) / 1024;
    if (megabytes >= INSTALL_LIMIT)
      throw new Error(`the install takes ${megabytes.toFixed(1)} MB; the limit is ${INSTALL_LIMIT}`);
    return `${entries.length} exports, ${megabytes.toFixed(1)} MB`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What bundlers make of ONE_TFJS: no part of dist/node, which is Node's way to TF.js, and TF.js's files once. */
async function bundle() {
  const { metafile } = await build({
    stdin: { contents: ONE_TFJS, resolveDir: root },
    alias: Object.fromEntries(
      ["", "/faces"].map((path) => [`vitrail${path}`, join(root, `dist${path || "/index"}.js`)]),
    ),
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs);
  const wrong = files.filter((file) => /dist\/node\/|\.node\.js$/.test(file));
  if (wrong.length > 0) throw new Error(`the bundle holds ${wrong.join(", ")}`);
  if (!files.some((file) => file.endsWith("tfjs-core/dist/index.js"))) throw new Error("the bundle lacks TF.js");
}

function scriptsBelow(modules) {
  return readdirSync(modules, { recursive: true })
    .map(String)
    .filter((file) =>
      /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$|^(@[^/]+\/)?[^/]+\/package\.json$/.test(file),
    )
    .map((file) => JSON.parse(readFileSync(join(modules, file), "utf8")))
    .filter(({ scripts = {} }) => scripts.preinstall || scripts.install || scripts.postinstall)
    .map(({ name }) => name);
}
