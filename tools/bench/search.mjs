// Exact search in an index of a million vectors, beside NumPy's matrix product over the same vectors, run in turns.
//   node tools/bench/search.mjs [--rows 1000000] [--width 768] [--threads 2] [--python python3]
// Needs 8 GB of memory, 4 GB of disk, and a Python with numpy and safetensors. Prints a table of Markdown for docs/search.md.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
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
  },
});
const [rows, width, threads] = [values.rows, values.width, values.threads].map(Number);
const BATCH = 10_000;
const QUERIES = 200;
const RUNS = 21;
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

const folder = mkdtempSync(join(tmpdir(), "vitrail-bench-search-"));
const table = [];
const line = (...cells) => table.push(`| ${cells.join(" | ")} |`);
try {
  line("", "one query: best, median", "48 queries: best", "memory of vectors", "recall@10");
  line("---", "---", "---", "---", "---");
  let truth;
  const facts = [];
  for (const precision of ["float32", "int8", "rescored"]) {
    const path = join(folder, precision);
    const made = await makeIndex(path, precision);
    const open = await timed(() => openIndex(path, { mode: "read", threads }));
    const index = open.result;
    facts.push(
      `${precision}: add ${show(made.add)}, save ${show(made.save)}, reopen ${show(open.ms)}, ${(made.bytes / 1e9).toFixed(2)} GB on the disk`,
    );
    const numpy = precision === "float32" ? await startNumpy(path) : undefined;
    const [one, many, theirs, theirsMany] = [[], [], [], []];
    await index.search(queries[0]);
    for (let i = 0; i < RUNS; i++) {
      if (numpy) theirs.push((await numpy.run(1)).ms);
      one.push((await timed(() => index.search(queries[i], { topK: 10 }))).ms);
    }
    for (let i = 0; i < 5; i++) {
      if (numpy) theirsMany.push((await numpy.run(48)).ms);
      many.push((await timed(() => index.search(queries.slice(0, 48), { topK: 10 }))).ms);
    }
    if (numpy) {
      numpy.stop();
      line(
        `NumPy ${numpy.facts.numpy}, product alone`,
        `${show(best(theirs))}, ${show(median(theirs))}`,
        show(best(theirsMany)),
        "",
        "",
      );
      facts.push(
        `float32 / NumPy: one query ${(best(one) / best(theirs)).toFixed(2)} (median ${(median(one) / median(theirs)).toFixed(2)}), 48 queries ${(best(many) / best(theirsMany)).toFixed(2)}`,
      );
    }
    const found = (await index.search(queries, { topK: 10 })).map((hits) => hits.map(({ id }) => id));
    truth ??= found;
    const same = found.reduce((sum, ids, q) => sum + ids.filter((id) => truth[q].includes(id)).length, 0);
    const bytes = rows * width * (precision === "float32" ? 4 : 1);
    line(
      precision,
      `${show(best(one))}, ${show(median(one))}`,
      show(best(many)),
      `${(bytes / 1e9).toFixed(2)} GB`,
      (same / (10 * QUERIES)).toFixed(4),
    );
    await index.close();
    rmSync(path, { recursive: true });
  }
  console.log(
    `${rows} vectors of ${width}, top 10, ${threads} threads. Node ${process.versions.node}, ${cpus()[0].model}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB\n`,
  );
  console.log(table.join("\n"));
  console.log(`\n${facts.map((fact) => `- ${fact}`).join("\n")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
