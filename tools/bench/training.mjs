// A linear head on features that are there, beside scikit-learn's logistic regression on the same, run in turns.
//   node tools/bench/training.mjs [--rows 10000] [--width 768] [--classes 10] [--threads 2] [--python python3] [--write]
// Needs a Python with scikit-learn and safetensors. Prints its figures; with --write they replace those in docs/training.md.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readSafetensors } from "../../dist/safetensors.js";
import { fitVectors } from "../../dist/training.js";
import { writeFigures } from "./figures.mjs";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "10000" },
    width: { type: "string", default: "768" },
    classes: { type: "string", default: "10" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    write: { type: "boolean", default: false },
  },
});
const [rows, width, classes, threads] = [values.rows, values.width, values.classes, values.threads].map(Number);
const TEST = 2000;
const RUNS = 5;

const folder = mkdtempSync(join(tmpdir(), "vitrail-bench-training-"));
const file = join(folder, "features.safetensors");
const script = fileURLToPath(new URL("training_sklearn.py", import.meta.url));
const child = spawn(values.python, [script, file, ...[rows, TEST, width, classes].map(String)], {
  stdio: ["pipe", "pipe", "inherit"],
  env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const theirs = () => {
  child.stdin.write("fit\n");
  return next();
};

const measured = { ours: [], theirs: [] };
let versions;
try {
  versions = await next();
  const { tensors } = readSafetensors(readFileSync(file));
  const floats = new Float32Array(tensors.get("features").bytes.slice().buffer);
  const labels = new Int32Array(tensors.get("labels").bytes.slice().buffer);
  const examples = Array.from(labels, (label, i) => ({
    vector: floats.subarray(i * width, (i + 1) * width),
    label: String(label),
  }));
  for (let run = 0; run < RUNS; run++) {
    measured.theirs.push(await theirs());
    const start = performance.now();
    const head = await fitVectors(examples.slice(0, rows), { validation: 0, threads });
    const ms = performance.now() - start;
    const logits = head.logits(examples.slice(rows).map(({ vector }) => vector));
    const right = examples.slice(rows).filter(({ label }, i) => {
      const own = [...logits.subarray(i * classes, (i + 1) * classes)];
      return head.labels[own.indexOf(Math.max(...own))] === label;
    });
    measured.ours.push({ ms, accuracy: right.length / TEST, iterations: head.history.length });
  }
} finally {
  child.stdin.end();
  rmSync(folder, { recursive: true, force: true });
}
const text = figures();
console.log(text);
if (values.write) writeFigures(fileURLToPath(new URL("../../docs/training.md", import.meta.url)), text);
process.exit();

function figures() {
  const sorted = (list) => list.map(({ ms }) => ms).sort((a, b) => a - b);
  const [ours, sklearn] = [sorted(measured.ours), sorted(measured.theirs)];
  const row = (name, times, { accuracy, iterations }) =>
    `| ${name} | ${(times[0] / 1000).toFixed(2)} s | ${(times[RUNS >> 1] / 1000).toFixed(2)} s | ${iterations} | ${(accuracy * 100).toFixed(2)} % |`;
  return [
    `${rows.toLocaleString("en")} features of ${width} numbers, ${classes} labels, ${threads} threads; accuracy on ${TEST.toLocaleString("en")} others. ${RUNS} runs in turns. Node ${process.versions.node}, ${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
    "",
    "|  | best | median | steps | accuracy |",
    "|---|--:|--:|--:|--:|",
    row(
      `scikit-learn ${versions.scikitLearn}, \`StandardScaler\` and \`LogisticRegression(max_iter=1000)\``,
      sklearn,
      measured.theirs[0],
    ),
    row("vitrail, `fitVectors`", ours, measured.ours[0]),
    "",
    `vitrail over scikit-learn: ${(ours[0] / sklearn[0]).toFixed(2)} (median ${(ours[RUNS >> 1] / sklearn[RUNS >> 1]).toFixed(2)}); the project has set itself at most 1.5.`,
  ].join("\n");
}
