// The graphs that PyTorch exports of the checkpoints, made on first use.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pythonWith } from "./python.mjs";

const here = import.meta.dirname;
const cache = join(here, "../../.cache/bench");
/** Where Python packages lie that only the export needs. */
const packages = join(cache, "python");
const MODELS = [
  ["vit-base", "vit", 224],
  ["eva02-base", "eva", 448],
];

/**
 * @param folders of the checkpoints, by model
 * @returns by model, paths of `fp32`, `int8` and `torchscript` graphs; undefined where no Python has PyTorch
 */
export function exportedGraphs(folders) {
  const graphs = {};
  for (const [model, kind, size] of MODELS) {
    const out = join(cache, "exported", model);
    if (!existsSync(out) && !exportInto(out, [folders[model], kind, size])) return undefined;
    graphs[model] = Object.fromEntries(
      ["fp32", "int8", "torchscript"].map((name) => [name, join(out, name, "model.onnx")]),
    );
  }
  return graphs;
}

/** @returns whether it was done */
function exportInto(out, args) {
  const python = pythonWith("torch, transformers");
  if (!python) {
    console.error("no Python has torch and transformers (PYTHON may name one): no graphs of torch.onnx");
    return false;
  }
  const draft = `${out}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const run = (...command) => execFileSync(python, command, { cwd: here, env: environment(), stdio: ["ignore", 2, 2] });
  try {
    mkdirSync(draft, { recursive: true });
    if (!existsSync(packages))
      run("-m", "pip", "install", "--quiet", "--no-deps", "--target", packages, "-r", "requirements-export.txt");
    run("export_onnx.py", ...args.map(String), draft);
  } catch (error) {
    console.error(`torch.onnx exported nothing: ${error.message}`);
    rmSync(draft, { recursive: true, force: true });
    return false;
  }
  renameSync(draft, out);
  return true;
}

const environment = () => ({
  ...process.env,
  PYTHONPATH: [packages, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
});
