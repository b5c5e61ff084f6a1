// npm run bench: vitrail beside its peers, each in a process of its own, in turns within one run. Writes docs/performance.md and its plot.
//
//   npm run bench                          everything: some 25 minutes on two quiet cores, and once 5 more to install and export the peers
//   npm run bench -- --quick               few rounds, batch 1 only
//   npm run bench -- --only "vit-base"     workloads whose name contains this: "onnxruntime" is the engine of that name beside PyTorch's exports (2 minutes)
//
// Figures of other documents, by their names: "search", an index of a million vectors, with NumPy (docs/search.md); "training", a head beside scikit-learn's
// (docs/training.md); "tuning", blocks and LoRA (docs/tuning.md); "precision", what int8 and float16 cost (docs/precision.md).
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { performanceDocument } from "./document.mjs";
import { foreignLoad, QUIET } from "./foreign-load.mjs";
import { onnxWorkloads } from "./onnx-workloads.mjs";
import { Peer } from "./peer.mjs";
import { plot } from "./plot.mjs";
import { checkpoints, installPeers, programs } from "./prepare.mjs";
import { pythonWith } from "./python.mjs";
import { workloads } from "./workloads.mjs";

const root = join(import.meta.dirname, "../..");
/** Threads of the peer before spin for a while before they sleep. */
const PAUSE_MS = 50;

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string", default: "" } },
});

/** By name, what writes another document. */
const OTHERS = {
  search: searchFigures,
  training: trainingFigures,
  tuning: () => runScript("tuning.mjs", options.quick ? [] : ["--write"]),
  precision: () => runScript("precision.mjs", options.quick ? ["--quick"] : []),
};
for (const [name, measureIt] of Object.entries(OTHERS)) if (name.includes(options.only)) measureIt();
if (options.only in OTHERS) process.exit();

const stored = join(root, ".cache/bench/results.json");
mkdirSync(join(root, ".cache/bench"), { recursive: true });

installPeers();
const { versions, ...commands } = programs();
const places = {
  ...commands,
  ...(await checkpoints()),
  photograph: join(root, "conformance/photos/grace_hopper.jpg"),
  portrait: join(root, "conformance/photos/hopper.png"),
};
const all = [...onnxWorkloads(places), ...workloads(places)];
const chosen = all.filter(({ name, batch = 1 }) => name.includes(options.only) && !(options.quick && batch > 1));
if (chosen.length === 0) throw new Error(`no such workload; there are: ${all.map(({ name }) => name).join("; ")}`);

const results = { ...readResults(), machine: machine() };
for (const workload of chosen) {
  const foreign = await foreignLoad();
  if (foreign > QUIET) console.error(`other programs keep ${foreign.toFixed(1)} cores busy: not worth much`);
  const peers = await (workload.starts ? startInTurns(workload) : measure(workload));
  results[workload.name] = { foreign, peers };
}

writeFileSync(stored, JSON.stringify(results, null, 1));

const measured = all
  .filter(({ name }) => results[name])
  .map((workload) => ({ ...workload, foreign: results[workload.name].foreign, results: results[workload.name].peers }));
writeFileSync(join(root, "docs/performance.svg"), plot(measured));
writeFileSync(join(root, "docs/performance.md"), performanceDocument(measured, results.machine));
console.log(`see docs/performance.md; it took ${(performance.now() / 60_000).toFixed(1)} minutes`);

/** Search in an index, whose figures stand in docs/search.md; a quick look at a tenth of it is only printed. */
function searchFigures() {
  const python = pythonWith("numpy, safetensors");
  if (!python) return console.error("search: left out, since no Python has numpy and safetensors; PYTHON may name one");
  runScript("search.mjs", ["--python", python, ...(options.quick ? ["--rows", "100000"] : ["--write"])]);
}

/** A head beside scikit-learn's, whose figures stand in docs/training.md; a quick look is only printed. */
function trainingFigures() {
  const python = pythonWith("sklearn, safetensors");
  if (!python) return console.error("training: left out, since no Python has scikit-learn; PYTHON may name one");
  runScript("training.mjs", ["--python", python, ...(options.quick ? ["--rows", "2000"] : ["--write"])]);
}

function runScript(name, args) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, name), ...args], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}

/** All peers start one after another, which gives the time from a cold process to the first result; then they run in turns. */
async function measure({ title, rounds, passes, peers }) {
  console.log(`\n${title}`);
  const running = [];
  for (const peer of peers) running.push(await Peer.start(peer, import.meta.dirname));
  const total = options.quick ? Math.min(rounds, 3) : rounds;
  for (let round = 0; round < total; round++)
    for (const peer of running) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      await peer.run(passes);
    }
  const results = [];
  for (const peer of running) results.push(await peer.end());
  for (const { name, error, least, median, firstMilliseconds, peakMegabytes } of results)
    console.log(
      error
        ? `  ${name.padEnd(44)} ${error}`
        : `  ${name.padEnd(44)} ${least.toFixed(1).padStart(9)} ms least ${median.toFixed(1).padStart(9)} median ${(firstMilliseconds / 1000).toFixed(2).padStart(7)} s to first ${peakMegabytes.toFixed(0).padStart(6)} MB`,
    );
  return results;
}

/** Starts each peer several times, in turns. `least`, `median`: from the start of the process to its first result. */
async function startInTurns({ title, starts, peers }) {
  console.log(`\n${title}`);
  const runs = new Map(peers.map(({ name }) => [name, []]));
  for (let start = 0; start < starts; start++)
    for (const options of peers) {
      const peer = await Peer.start(options, import.meta.dirname);
      await peer.run(0); // for its memory
      runs.get(options.name).push(await peer.end());
    }
  return [...runs].map(([name, ended]) => {
    const sorted = ended.map(({ firstMilliseconds }) => firstMilliseconds).sort((a, b) => a - b);
    const error = ended.find((one) => one.error)?.error;
    const [least, median] = [sorted[0], sorted[sorted.length >> 1]];
    console.log(`  ${name.padEnd(44)} ${error ?? `${least.toFixed(0)} ms least ${median.toFixed(0)} median`}`);
    return error
      ? { name, error }
      : { name, least, median, peakMegabytes: ended[0].peakMegabytes, facts: ended[0].facts };
  });
}

function readResults() {
  try {
    return JSON.parse(readFileSync(stored, "utf8"));
  } catch {
    return {};
  }
}

function machine() {
  const [{ model }] = cpus();
  const peers = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8")).dependencies;
  return {
    processor: `${cpus().length} cores of ${model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: { Node: [process.version, versions.node24].filter(Boolean).join(" and "), ...peers },
    date: new Date().toISOString().slice(0, 10),
  };
}
