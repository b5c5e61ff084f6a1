// Exact search in an index of a million vectors, beside NumPy's matrix product over the same vectors, run in turns. `npm run bench` runs it;
//   node tools/bench/search.mjs [--rows 1000000] [--width 768] [--threads 2] [--python python3] [--write]
// Needs 8 GB of memory, 8 GB of disk, and a Python with numpy and safetensors. Prints its figures; with --write they replace those in docs/search.md.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openIndex } from "../../dist/search.js";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    width: { type: "string", default: "768" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    write: { type: "boolean", default: false },
  },
});
const [rows, width, threads] = [values.rows, values.width, values.threads].map(Number);
const BATCH = 10_000;
const QUERIES = 200;
const RUNS = 21;
const MANY = 48;
const MANY_RUNS = 5;
/** Around the figures in docs/search.md. */
const [BEGIN, END] = ["<!-- npm run bench -->", "<!-- end -->"];
/** Pictures come in crowds: vectors around centers, with noise of this length beside a center of length 1. */
const CLUSTERS = 1000;
const SPREAD = 0.8;

const uniform = (seed) => {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
};
const unit = (seed) => {
  const draw = uniform(seed);
  const vector = Float32Array.from({ length: width }, draw);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};
const centers = Array.from({ length: CLUSTERS }, (_, i) => unit(i));
/** Vector `i`, the same in each run. */
function vectorOf(i) {
  const draw = uniform(1e6 + i);
  const center = centers[(i * 7919) % CLUSTERS];
  const noise = SPREAD / Math.sqrt(width / 3);
  const vector = new Float32Array(width);
  for (let k = 0; k < width; k++) vector[k] = center[k] + noise * draw();
  return vector;
}
const queries = Array.from({ length: QUERIES }, (_, i) => vectorOf(rows + i * 13));

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const best = (list) => Math.min(...list);
const show = (ms) =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`;

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;

async function makeIndex(path, precision) {
  const index = await openIndex(path, { precision, threads });
  let ms = 0;
  for (let from = 0; from < rows; from += BATCH) {
    const items = Array.from({ length: Math.min(BATCH, rows - from) }, (_, i) => ({
      id: `picture-${from + i}`,
      vector: vectorOf(from + i),
      metadata: { number: from + i },
    }));
    ms += (await timed(() => index.add(items))).ms;
  }
  const save = await timed(() => index.save());
  await index.close();
  const bytes = readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
  return { add: ms, save: save.ms, bytes };
}

/** A Python that holds the same vectors and multiplies when it is told to. */
async function startNumpy(path) {
  const child = spawn(values.python, [fileURLToPath(new URL("search_numpy.py", import.meta.url)), path], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const facts = await next();
  const run = async (count) => {
    child.stdin.write(`${count}\n`);
    return next();
  };
  return { facts, run, stop: () => child.stdin.end() };
}

/** Our times and NumPy's, in turns. */
async function besideNumpy(runs, ours, theirs) {
  const times = { ours: [], theirs: [] };
  for (let i = 0; i < runs; i++) {
    times.theirs.push((await theirs()).ms);
    times.ours.push((await timed(() => ours(i))).ms);
  }
  return times;
}

const folder = mkdtempSync(join(tmpdir(), "vitrail-bench-search-"));
const measured = [];
let numpy;
try {
  let truth;
  for (const precision of ["float32", "int8", "int8-only"]) {
    const path = join(folder, precision);
    const made = await makeIndex(path, precision);
    numpy ??= await startNumpy(path);
    const open = await timed(() => openIndex(path, { mode: "read", threads }));
    const index = open.result;
    await index.search(queries[0]);
    const one = await besideNumpy(
      RUNS,
      (i) => index.search(queries[i], { topK: 10 }),
      () => numpy.run(1),
    );
    const many = await besideNumpy(
      MANY_RUNS,
      () => index.search(queries.slice(0, MANY), { topK: 10 }),
      () => numpy.run(MANY),
    );
    const found = (await index.search(queries, { topK: 10 })).map((hits) => hits.map(({ id }) => id));
    truth ??= found;
    const same = found.reduce((sum, ids, q) => sum + ids.filter((id) => truth[q].includes(id)).length, 0);
    measured.push({ precision, ...made, open: open.ms, one, many, recall: same / (10 * QUERIES) });
    await index.close();
    rmSync(path, { recursive: true });
  }
} finally {
  numpy?.stop();
  rmSync(folder, { recursive: true, force: true });
}
const text = figures();
console.log(text);
if (values.write) {
  const file = fileURLToPath(new URL("../../docs/search.md", import.meta.url));
  const document = readFileSync(file, "utf8");
  const [before, rest] = document.split(BEGIN);
  const after = rest?.slice(rest.indexOf(END));
  if (!after?.startsWith(END)) throw new Error(`docs/search.md has no "${BEGIN}" and "${END}"`);
  writeFileSync(file, `${before}${BEGIN}\n${text}\n${after}`);
}

function figures() {
  const theirs = (size) => measured.flatMap((row) => row[size].theirs);
  const ratio = (times, of) => (of(times.ours) / of(times.theirs)).toFixed(2);
  const machine = `Node ${process.versions.node}, ${cpus()[0].model}, ${availableParallelism()} cores, ${new Date().toISOString().slice(0, 10)}`;
  return [
    `${rows.toLocaleString("en")} vectors of ${width} numbers, the ten best, ${threads} threads; ${machine}.`,
    "",
    `| | one query: best, median | of NumPy's: best, median | ${MANY} queries: best | of NumPy's | memory of vectors | disk | recall@10 |`,
    "|---|--:|--:|--:|--:|--:|--:|--:|",
    `| NumPy ${numpy.facts.numpy}, product alone | ${show(best(theirs("one")))}, ${show(median(theirs("one")))} | | ${show(best(theirs("many")))} | | ${gigabytes(rows * width * 4)} | | |`,
    ...measured.map(({ precision, one, many, bytes, recall }) => {
      const memory = rows * width * (precision === "float32" ? 4 : 1);
      return `| ${precision} | ${show(best(one.ours))}, ${show(median(one.ours))} | ${ratio(one, best)}, ${ratio(one, median)} | ${show(best(many.ours))} | ${ratio(many, best)} | ${gigabytes(memory)} | ${gigabytes(bytes)} | ${recall.toFixed(4)} |`;
    }),
    "",
    `To make: ${measured.map(({ precision, add, save, open }) => `${precision} add ${show(add)}, save ${show(save)}, reopen ${show(open)}`).join("; ")}.`,
  ].join("\n");
}
