// docs/performance.md out of what was measured.
import { QUIET } from "./foreign-load.mjs";
import { onnxSection } from "./onnx-document.mjs";

const YARDSTICK = "onnxruntime-node fp32";
const WASM = "tfjs-backend-wasm";
const NODES = ["Node 20", "Node 24", "Node 24 revectorized"];

/** What the project has set itself: our time over a peer's, at most, on each of NODES. */
const TARGETS = [
  {
    title: "ViT-B/16 fp32 / tfjs-backend-wasm",
    model: "vit-base",
    precision: "fp32",
    peer: WASM,
    most: [0.25, 0.25, 0.13],
  },
  {
    title: "ViT-B/16 fp32 / onnxruntime-node fp32",
    model: "vit-base",
    precision: "fp32",
    peer: YARDSTICK,
    most: [3.7, 3.7, 1.9],
  },
  {
    title: "ViT-B/16 int8 / onnxruntime-node fp32",
    model: "vit-base",
    precision: "int8",
    peer: YARDSTICK,
    most: [2.3, 1.05, 0.62],
  },
  {
    title: "EVA-02-B fp32 / onnxruntime-node fp32",
    model: "eva02-base",
    precision: "fp32",
    peer: YARDSTICK,
    most: [3.2, 3.0, 1.55],
  },
  {
    title: "EVA-02-B int8 / onnxruntime-node fp32",
    model: "eva02-base",
    precision: "int8",
    peer: YARDSTICK,
    most: [2.1, 1.25, 0.67],
  },
  {
    title: "Attention over 1025 tokens fp32 / its products alone",
    workload: "attention",
    precision: "fp32",
    peer: (node) => `products, fp32, ${node}`,
    most: [1.25, 1.25, 1.25],
  },
  {
    title: "BlazeFace short range, forward pass / tfjs-backend-wasm",
    workload: "faces, forward",
    precision: "fp32",
    peer: WASM,
    most: [0.4, 0.4, 0.3],
  },
];

export function performanceDocument(measured, { processor, memory, versions, date }) {
  const workloads = measured.filter(({ section }) => !section);
  const listed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${[
    "# Performance",
    "",
    "Written by `npm run bench`: vitrail beside its peers, each in its own process, in turns within one run. Ratios are of the least times;",
    "they hold better than times do, since the clock of a machine drifts. All of it on one machine: other processors give other ratios.",
    "",
    `${processor}, ${memory}; ${listed.join(", ")}; ${date}.`,
    "",
    "![Time of one picture beside onnxruntime-node's](performance.svg)",
    "",
    ...targetSection(workloads),
    ...onnxSection(measured),
    ...loadSection(workloads),
    ...memorySection(workloads),
    ...workloads.filter(({ starts }) => !starts).flatMap(workloadSection),
    "## How it is measured",
    "",
    "Weights are seeded (`conformance/seeded-weights.ts`), the same for all. torch.onnx's graphs are made by `tools/bench/export_onnx.py`; in the other tables onnxruntime-node runs",
    'graphs of the operators that the TorchScript exporter writes (`tools/bench/onnx-graphs.mjs`), which need no Python; its int8 is dynamic quantization with weights per channel. tfjs-backend-wasm runs vitrail\'s own layers (`engine: "wasm"`), on one',
    'thread: it has no more in Node. "Revectorized" is V8\'s experimental flag, which vitrail sets when asked (`VITRAIL_REVECTORIZE=1`). Peak memory is the',
    "process's largest resident size. A peer that is missing or failed says why in its row.",
    "",
    'vitrail as an engine named "wasm" is slower than that peer and more exact ([engines.md](engines.md)): here TF.js\'s own kernels run.',
    "",
    "## What limits BlazeFace",
    "",
    "A short range pass is 30.8 million multiply-adds, so 1.0 ms on one thread at the peak of 128 bits (62 GFLOP/s on this machine), 0.5 on two.",
    "Its kernels take 1.35 ms on one thread of Node 20 (0.73 of that peak; least of 300 passes, each dispatch timed, beside other programs): 0.29 the stem, 0.35 the two blocks of",
    "64 x 64 pixels, 0.65 the others, 0.06 the heads. Blocks of 24 to 96 channels leave the register block's loop after 24 to 96 steps, and a fifth of the time is depthwise filters, windows and",
    "shortcuts. 0.25 ms more pass outside of kernels: TF.js's tensors and scopes, and reading the results. tfjs-backend-wasm takes 2.9 ms on one thread. A second thread halves the kernels only where both cores",
    "are free: beside programs that keep both busy, a pass takes what it takes alone.",
  ].join("\n")}\n`;
}

const timeOf = (workload, name) => workload?.results.find((result) => result.name === name)?.least;
const find = (workloads, { workload, model }) =>
  workloads.find(({ name, ...one }) =>
    workload ? name === workload : one.model === model && one.batch === 1 && one.threads === 2,
  );

function targetSection(workloads) {
  const isSketch = workloads.some(({ foreign = 0 }) => foreign > QUIET);
  const rows = TARGETS.map((target) => {
    const workload = find(workloads, target);
    const cells = NODES.map((node, index) => {
      const peer = timeOf(workload, typeof target.peer === "string" ? target.peer : target.peer(node));
      const ours = timeOf(workload, `vitrail, ${target.precision}, ${node}`);
      if (!ours || !peer) return "not measured";
      const ratio = ours / peer;
      return `${ratio.toFixed(2)} (${target.most[index]}${ratio <= target.most[index] ? "" : ", **missed**"})`;
    });
    return `| ${target.title} | ${cells.join(" | ")} |`;
  });
  return [
    "## Ratios",
    "",
    "Our time over the peer's, batch 1, two threads; in parentheses what the project has set itself as the most.",
    ...(isSketch ? ["**Measured while other programs ran, so these are a sketch.**"] : []),
    "",
    `| | ${NODES.join(" | ")} |`,
    "|---|---|---|---|",
    ...rows,
    "",
  ];
}

/** From a cold process: our time over onnxruntime-node's at most, by peer. */
const START_TARGETS = { "vitrail, fp32, Node 20": 1.2, "vitrail, fp32, Node 24 revectorized": 0.85 };

function loadSection(workloads) {
  const results = workloads.find(({ name }) => name === "cold start")?.results.filter(({ error }) => !error);
  if (!results?.length) return [];
  const yardstick = timeOf({ results }, YARDSTICK);
  const ratioOf = (name, least) => {
    if (!yardstick) return "";
    const ratio = least / yardstick;
    const most = START_TARGETS[name];
    return `${ratio.toFixed(2)}${most ? ` (${most}${ratio <= most ? "" : ", **missed**"})` : ""}`;
  };
  return [
    "## From a cold process to the first logits",
    "",
    "ViT-B/16, 343 MB of weights in the page cache, batch 1: start of the process, import, load, first pass. The least and the median of five starts, in turns.",
    "",
    "| | of onnxruntime-node's | least, s | median, s | peak memory, MB |",
    "|---|--:|--:|--:|--:|",
    ...results.map(
      ({ name, least, median, peakMegabytes }) =>
        `| ${name} | ${ratioOf(name, least)} | ${(least / 1000).toFixed(2)} | ${(median / 1000).toFixed(2)} | ${peakMegabytes.toFixed(0)} |`,
    ),
    "",
  ];
}

/** Of a ViT-B/16, float32. */
const WEIGHTS_MEBIBYTES = 343_239_356 / 2 ** 20;

function memorySection(workloads) {
  const results = workloads.find(({ name }) => name === "memory")?.results.filter(({ facts }) => facts?.memory);
  if (!results?.length) return [];
  const row = ({ name, facts: { memory } }) => {
    const { empty, loaded, disposed, firstHalf, lastHalf } = memory;
    const cells = [empty, loaded, disposed, firstHalf, lastHalf].map((mebibytes) => mebibytes.toFixed(0));
    return `| ${name} | ${cells[0]} | ${cells[1]} | ${((loaded - empty) / WEIGHTS_MEBIBYTES).toFixed(2)} | ${cells.slice(2).join(" | ")} |`;
  };
  return [
    "## Memory",
    "",
    "Resident MiB of a process with ViT-B/16: 327 MiB of float32 weights. Over 50 loads, each disposed, one memory may wait to be collected while the next fills.",
    "",
    "| | empty engine | with the model | growth / weights | disposed | most in loads 1-25 | most in loads 26-50 |",
    "|---|--:|--:|--:|--:|--:|--:|",
    ...results.map(row),
    "",
  ];
}

function workloadSection({ title, batch = 1, results, foreign = 0 }) {
  const others = results.filter(({ name, error }) => !name.startsWith("vitrail") && !error);
  const yardstick = others.find(({ name }) => name === YARDSTICK) ?? others[0];
  return [
    `## ${title}`,
    "",
    ...(foreign > QUIET ? [`A sketch: other programs kept ${foreign.toFixed(1)} cores busy.`, ""] : []),
    `| | of ${yardstick?.name ?? "none"} | least, ms | median, ms | a second | peak memory, MB |`,
    "|---|--:|--:|--:|--:|--:|",
    ...results.map(({ name, error, least, median, peakMegabytes }) =>
      error
        ? `| ${name} | ${error.replaceAll("|", "/")} | | | | |`
        : `| ${name} | ${yardstick ? (least / yardstick.least).toFixed(2) : ""} | ${least.toFixed(1)} | ${median.toFixed(1)} | ${((1000 * batch) / least).toFixed(1)} | ${peakMegabytes.toFixed(0)} |`,
    ),
    "",
  ];
}
