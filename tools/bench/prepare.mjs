// What the benchmark needs and the repository does not hold: the peers, a Node 24, checkpoints, graphs.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportedGraphs } from "./export-onnx.mjs";
import { onnxGraph } from "./onnx-graphs.mjs";
import { pythonWith } from "./python.mjs";

const here = import.meta.dirname;
const root = join(here, "../..");

/** Installs the peers on first use, install scripts off. */
export function installPeers() {
  if (existsSync(join(here, "node_modules/onnxruntime-node"))) return;
  console.error("installing the peers (660 MB) …");
  // Node 24 as the registry has it for this platform; one that is not there is left out.
  const node = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}@24`;
  const npm = (...args) =>
    execFileSync("npm", ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", ...args], {
      cwd: here,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32",
    });
  npm();
  try {
    npm("--no-save", node);
  } catch {
    console.error(`no ${node}: measured on this Node only`);
  }
}

/** The programs that peers run on. */
export function programs() {
  const version = (command) => execFileSync(command, ["--version"], { encoding: "utf8" }).trim();
  const platform = process.platform === "win32" ? "win" : process.platform;
  const installed = join(here, `node_modules/node-${platform}-${process.arch}/bin/node`);
  const node24 =
    Number(process.versions.node.split(".")[0]) >= 24
      ? process.execPath
      : existsSync(installed)
        ? installed
        : undefined;
  const python = pythonWith("torch, transformers");
  return { node20: process.execPath, node24, python, versions: { node24: node24 && version(node24) } };
}

/**
 * @returns `folders` of the seeded checkpoints, with graphs beside their weights, and `transformers`, one in the layout of transformers.js;
 *   `exported`: as `exportedGraphs`
 */
export async function checkpoints() {
  const folders = {};
  const seededCheckpoint = await portableGenerator();
  for (const [model, kind] of [
    ["vit-base", "vit"],
    ["eva02-base", "eva"],
  ]) {
    const folder = await seededCheckpoint(model);
    folders[model] = folder;
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    for (const precision of ["fp32", "int8"]) {
      const graph = join(folder, `${precision}.onnx`);
      if (!existsSync(graph))
        writeFileSync(graph, onnxGraph(kind, join(folder, "model.safetensors"), config, { precision }));
    }
  }
  const exported = exportedGraphs(folders);
  folders.transformers = transformersFolder(folders["vit-base"], exported?.["vit-base"].torchscript);
  return { folders, exported };
}

/** With the exporter's graph, or ours of the same operators where there is none. */
function transformersFolder(checkpoint, exported) {
  const folder = join(root, ".cache/bench", exported ? "vit-exported" : "vit");
  const graph = join(folder, "onnx/model.onnx");
  if (existsSync(graph)) return folder;
  mkdirSync(join(folder, "onnx"), { recursive: true });
  for (const file of ["config.json", "preprocessor_config.json"]) cpSync(join(checkpoint, file), join(folder, file));
  if (exported) {
    linkSync(exported, graph);
    return folder;
  }
  const config = JSON.parse(readFileSync(join(checkpoint, "config.json"), "utf8"));
  writeFileSync(graph, onnxGraph("vit", join(checkpoint, "model.safetensors"), config, { weights: "embedded" }));
  return folder;
}

/** conformance/seeded-weights.ts, compiled; it looks for its files from where it is. */
async function portableGenerator() {
  const { build } = await import("tsup");
  const folder = join(root, "conformance");
  const bundle = join(folder, "seeded-weights.bundle.mjs");
  try {
    await build({
      config: false,
      entry: { "seeded-weights.bundle": join(folder, "seeded-weights.ts") },
      outDir: folder,
      outExtension: () => ({ js: ".mjs" }),
      format: "esm",
      clean: false,
      silent: true,
    });
    return (await import(pathToFileURL(bundle).href)).seededCheckpoint;
  } finally {
    rmSync(bundle, { force: true });
  }
}
