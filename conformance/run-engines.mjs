// Runs the cases on every engine that this machine can have, one after another at low priority, and writes the section about engines of
// docs/conformance.md. Some 40 minutes on two quiet cores, most of them for wasm and cpu. Prints a line for each run; exits with 1 if one failed.
//
//   npm run conformance:engines                       all
//   npm run conformance:engines -- vitrail wasm       those whose name begins so
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { programs } from "../tools/bench/prepare.mjs";

const root = join(import.meta.dirname, "..");
const project = (name) => join(root, ".cache/engines", name);
const { node20, node24 } = programs();

/** `missing`: why a run can't be had here. */
const RUNS = [
  { name: "vitrail", node: node20 },
  { name: "vitrail-node24", node: node24, missing: !node24 && "no Node 24: npm run bench installs one" },
  {
    name: "vitrail-node24-revectorized",
    node: node24,
    missing: !node24 && "no Node 24: npm run bench installs one",
    env: { VITRAIL_REVECTORIZE: "1" },
  },
  { name: "onnxruntime", ...installed("onnxruntime", "node tools/engines/install-onnxruntime.mjs") },
  { name: "tensorflow", ...installed("tensorflow", "node tools/engines/build-tensorflow.mjs") },
  {
    name: "webgpu",
    ...installed("webgpu", "node tools/engines/fetch-swiftshader.mjs"),
    fullSize: 0,
    env: existsSync(project("webgpu")) ? softwareDevice() : {},
  },
  { name: "wasm" },
  { name: "cpu", fullSize: 1 },
];

const wanted = process.argv.slice(2);
let failed = 0;
setPriority(19);
for (const { name, node = process.execPath, missing, fullSize = 8, from, env = {} } of RUNS) {
  if (wanted.length > 0 && !wanted.some((beginning) => name.startsWith(beginning))) continue;
  if (missing) {
    console.log(`skip  ${name}: ${missing}`);
    continue;
  }
  const [engine] = name.split("-");
  const args = ["--engine", engine, "--name", name, "--full-size", fullSize, ...(from ? ["--project", from] : [])];
  const { status } = spawnSync(node, [join(root, "conformance/run.mjs"), ...args.map(String)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) failed++;
  console.log(`${status === 0 ? "ok  " : "FAIL"}  ${name}`);
}
process.exitCode = failed > 0 ? 1 : 0;

function installed(name, how) {
  return existsSync(join(project(name), "node_modules")) ? { from: project(name) } : { missing: `not built: ${how}` };
}

/** Where Vulkan finds SwiftShader, as tools/engines/fetch-swiftshader.mjs prints it for a shell. */
function softwareDevice() {
  const script = join(root, "tools/engines/fetch-swiftshader.mjs");
  const { stdout } = spawnSync(process.execPath, [script], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return Object.fromEntries([...stdout.matchAll(/(\w+)='([^']*)'/g)].map(([, variable, value]) => [variable, value]));
}
