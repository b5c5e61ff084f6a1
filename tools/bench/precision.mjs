// Accuracy and speed of each precision on each engine, over the photographs of conformance/photos: what docs/precision.md says.
//   npm run bench -- --only precision             writes docs/precision.md's figures; some 4 minutes on two quiet cores
//   npm run bench -- --only precision --quick     prints them for every fifth photograph
// Engines beside vitrail and wasm are those that tools/engines/ and `npm run bench` have installed; the others' rows say how. Each engine is a process of
// its own; within it, precisions take turns.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { writeFigures } from "./figures.mjs";
import { foreignLoad, QUIET } from "./foreign-load.mjs";
import { programs } from "./prepare.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const every = options.quick ? 5 : 1;
const root = join(import.meta.dirname, "../..");
const cache = join(root, ".cache/bench/precision");
const model = join(root, "weights/vit-small-patch14");
const saved = join(cache, "int8");
const reference = join(cache, "reference.f32");
const ROUNDS = 5;
const FOUR = ["float32", "float16", "int8", "int8, written by quantize"];

const folder = join(root, "conformance/photos");
const photographs = readdirSync(folder)
  .filter((name) => /\.(jpe?g|png)$/.test(name))
  .filter((_, i) => i % every === 0)
  .map((name) => join(folder, name));

rmSync(cache, { recursive: true, force: true });
mkdirSync(cache, { recursive: true });
const own = pathToFileURL(join(root, "dist/index.js")).href;
const { quantize } = await import(own);
const receipt = await quantize(model, { calibrate: photographs.slice(0, 4), out: saved, engines: [] });

const { node20, node24 } = programs();
/** vitrail in a project that has the engine. */
const project = (name) => join(root, ".cache/engines", name, "node_modules/vitrail");
const RUNS = [
  { title: `vitrail, Node ${major(node20)}`, engine: "vitrail", node: node20 },
  ...(node24 && node24 !== node20
    ? [
        { title: `vitrail, Node ${major(node24)}`, engine: "vitrail", node: node24 },
        {
          title: `vitrail, Node ${major(node24)} revectorized`,
          engine: "vitrail",
          node: node24,
          env: { VITRAIL_REVECTORIZE: "1" },
        },
      ]
    : []),
  // TF.js's engines share its packages with vitrail, so the project's own vitrail runs, brought up to date; ONNX Runtime is found from where it is installed.
  {
    title: "onnxruntime",
    engine: "onnxruntime",
    node: node20,
    cwd: import.meta.dirname,
    ...(!existsSync(join(import.meta.dirname, "node_modules/onnxruntime-node")) && { missing: "`npm run bench`" }),
  },
  {
    title: "tensorflow",
    engine: "tensorflow",
    node: node20,
    from: project("tensorflow"),
    ...(!existsSync(project("tensorflow")) && { missing: "`node tools/engines/build-tensorflow.mjs`" }),
  },
  { title: "wasm", engine: "wasm", node: node20 },
];

const foreign = await foreignLoad();
run(RUNS[0], FOUR.slice(0, 1)); // writes the reference
const rows = [];
for (const one of RUNS) {
  console.error(one.title);
  if (one.missing) rows.push({ title: one.title, missing: one.missing });
  else for (const result of run(one, FOUR)) rows.push({ title: one.title, ...result });
  report(); // so that a run that is stopped leaves what it has
}

function report() {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const { before, after } = receipt.size;
  const load =
    foreign > QUIET
      ? `\nthat other programs used too (${foreign.toFixed(1)} of them as it began): the ratios are worth more than the milliseconds.`
      : ".";
  const section = [
    `${photographs.length} photographs of \`conformance/photos\`, ViT-S/14 at 224 x 224 (\`weights/vit-small-patch14\`), against float32 on the engine vitrail. The weights' file is stored as float16 and takes`,
    `${megabytes(before)} MB; as int8 ${megabytes(after)} MB; as float32 it would take ${megabytes(2 * before)}. Times: least of ${ROUNDS} passes, precisions in turns, on ${cpus().length} cores (${cpus()[0].model.trim()})${load}`,
    `Node ${versions().join(" and ")}, ${new Date().toISOString().slice(0, 10)}. Not measured: tensorflow-gpu and webgpu, which want a GPU, and cpu, which has float32 only and is for checking.`,
    "",
    table(),
  ].join("\n");
  if (options.quick) console.log(section);
  else writeFigures(join(root, "docs/precision.md"), `\n${section}\n`);
}

function table() {
  const lines = rows.map(({ title, name, error, cosine, milliseconds, missing }) => {
    if (missing) return `| ${title} | not installed here: ${missing} | | | | |`;
    if (!cosine) return `| ${title} | ${name} | refused: \`${error}\` | | | |`;
    const base = rows.find((row) => row.title === title && row.name === "float32").milliseconds;
    return `| ${title} | ${name} | ${cosine.mean.toFixed(5)} / ${cosine.least.toFixed(5)} | ${figure(error.mean)} / ${figure(error.most)} | ${milliseconds.toFixed(0)} | ${(milliseconds / base).toFixed(2)} |`;
  });
  return [
    "| engine | precision | cosine of the class token, mean / least | relative L2 of the last hidden states, mean / most | ms a picture | of its float32 |",
    "|---|---|---|---|--:|--:|",
    ...lines,
  ].join("\n");
}

function run({ engine, node, from, cwd = root, env = {} }, names) {
  const variants = names.map((name) =>
    name.includes("written") ? { name, folder: saved } : { name, folder: model, dtype: name },
  );
  if (from)
    for (const part of ["dist", "package.json"]) cpSync(join(root, part), join(from, part), { recursive: true });
  const vitrail = from ? pathToFileURL(join(from, "dist/index.js")).href : own;
  const argument = JSON.stringify({ vitrail, engine, variants, photographs, reference, rounds: ROUNDS });
  const { stdout, stderr, status } = spawnSync(node, [join(import.meta.dirname, "precision-run.mjs"), argument], {
    encoding: "utf8",
    cwd,
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${engine}: ${stderr}`);
  return stdout ? JSON.parse(stdout.trim().split("\n").at(-1)) : undefined;
}

function versionOf(node) {
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().slice(1);
}

function major(node) {
  return versionOf(node).split(".")[0];
}

function versions() {
  return [...new Set([node20, node24].filter(Boolean).map(versionOf))];
}

function figure(value) {
  return value === 0 ? "0" : value < 1e-3 ? value.toExponential(1) : value.toFixed(4);
}
