// A head alone, the last blocks, and LoRA in them, on the textures of the conformance tests: accuracy and time. Of ViT-S/14, and of a tiny EVA-02 whose
// weights are random, so that a head alone has little to learn from.
//   npm run bench -- --only tuning                        writes docs/tuning.md's figures
//   node tools/bench/tuning.mjs [--threads 2] [--write]   prints them; after `npm run build`
import { availableParallelism, cpus, loadavg } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModel } from "../../dist/index.js";
import { fitHead } from "../../dist/training.js";
import { writeFigures } from "./figures.mjs";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const { values } = parseArgs({
  options: { threads: { type: "string", default: "2" }, write: { type: "boolean", default: false } },
});
const threads = Number(values.threads);
const [train, test] = ["train", "test"].map((part) => path(`conformance/pictures/textures/${part}`));
const MODELS = [
  [
    "tiny EVA-02, random weights",
    "conformance/models/eva-base",
    [
      {},
      { unfreeze: 1, epochs: 20, backboneLearningRate: 1e-3 },
      { lora: { rank: 4 }, epochs: 20, backboneLearningRate: 1e-2 },
    ],
  ],
  ["ViT-S/14", "weights/vit-small-patch14", [{}, { unfreeze: 2, epochs: 2 }, { lora: { layers: 2 }, epochs: 2 }]],
];

const PICTURES = 8;
/** Most forward passes that the project allows a step over all blocks. */
const MOST = 4;

/** Seconds by the clock of a step over all blocks of a model and of a forward pass of as many pictures, the least of several each. */
async function stepAndForward(folder) {
  const model = await loadModel(path(folder), { engine: "vitrail", threads });
  const { height, width } = model.config.architecture.image;
  const images = Array.from({ length: PICTURES }, (_, i) => ({
    data: Uint8Array.from({ length: height * width * 3 }, (_, at) => (at * (2 * i + 3)) % 251),
    width,
    height,
  }));
  const ends = [];
  const head = await fitHead(
    model,
    images.map((image, i) => ({ image, label: String(i % 2) })),
    {
      validation: 0,
      unfreeze: model.config.architecture.depth,
      step: PICTURES,
      microBatch: PICTURES,
      epochs: 5,
      progress: ({ stage }) => stage === "training" && ends.push(performance.now()),
    },
  );
  const forward = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await model.embed(images);
    forward.push(performance.now() - start);
  }
  await head.dispose();
  await model.dispose();
  const steps = ends.slice(1).map((end, i) => end - ends[i]);
  return [steps, forward].map((times) => Math.min(...times) / 1000);
}

/** Seconds of all processors since then. */
function spent(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

const rows = [];
for (const [name, folder, ways] of MODELS) {
  const model = await loadModel(path(folder), { engine: "vitrail", threads });
  for (const options of ways) {
    const since = process.cpuUsage();
    let pictures = 0;
    const progress = ({ stage }) => {
      if (stage === "features") pictures = spent(since);
    };
    const head = await fitHead(model, train, { ...options, progress });
    const whole = spent(since);
    const { accuracy } = await head.evaluate(test);
    const cells = [
      name,
      `\`${JSON.stringify(options)
        .replaceAll('"', "")
        .replaceAll(/([:,])/g, "$1 ")}\``,
    ];
    const times = [pictures, whole - pictures].map((seconds) => `${seconds.toFixed(1)} s`);
    rows.push(`| ${[...cells, ...times, `${(accuracy * 100).toFixed(1)} %`].join(" | ")} |`);
    console.error(rows.at(-1));
    await head.dispose();
  }
  await model.dispose();
}
const [step, forward] = await stepAndForward("weights/vit-small-patch14");
const text = [
  `60 pictures of three textures, of which 12 to judge by, and 15 others for the accuracy. Times are the processor's, of ${threads} threads together. Node ${process.versions.node}, ${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
  "",
  "| model | options | pictures, once | training | accuracy |",
  "|---|---|--:|--:|--:|",
  ...rows,
  "",
  `By the clock, a step over all blocks of ViT-S/14 takes ${(step / forward).toFixed(1)} forward passes (${step.toFixed(2)} s to ${forward.toFixed(2)} s, ${PICTURES} pictures of 257 tokens, AdamW included); the project has set itself at most ${MOST}.`,
].join("\n");
console.log(text);
if (values.write) writeFigures(path("docs/tuning.md"), text);
process.exit();
