// The main job, on the photographs of this repository: find faces, mark them in a picture, embed every photograph, tell the nearest pairs.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { annotate, loadFaceDetector } from "../dist/faces.js";
import { decodeImage, encodePng } from "../dist/images.js";
import { cosineSimilarity, describeEngine, loadModel } from "../dist/index.js";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const photographs = [
  "astronaut.png",
  "astronaut_gray8.png",
  "camera.png",
  "chelsea.png",
  "coffee.png",
  "grace_hopper.jpg",
  "hopper.png",
  "hopper_rot15.jpg",
  "hopper_orientation_6.jpg",
  "montage_pd_4.jpg",
  "montage_pd_16.jpg",
  "retina.jpg",
  "rocket.jpg",
];
const PAIRS = 6;

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
async function timed(what, work) {
  const start = performance.now();
  const result = await work();
  console.log(`${seconds(performance.now() - start).padStart(8)}  ${what(result)}`);
  return result;
}

const images = await timed(
  (all) => `decoded ${all.length} photographs`,
  () =>
    Promise.all(photographs.map(async (name) => decodeImage(await readFile(path(`../conformance/photos/${name}`))))),
);

const detector = await timed(
  () => "loaded the face detector (BlazeFace, full range)",
  () => loadFaceDetector({ model: "full" }),
);
const faces = await timed(
  (all) => `found ${all.flat().length} faces in ${all.filter((list) => list.length > 0).length} of them`,
  () => detector.detect(images),
);
const group = photographs.indexOf("montage_pd_16.jpg");
await timed(
  (file) => `marked ${faces[group].length} faces of ${photographs[group]} in ${file}`,
  async () => {
    await mkdir(path("../out"), { recursive: true });
    await writeFile(path("../out/faces.png"), await encodePng(annotate(images[group], faces[group])));
    return "out/faces.png";
  },
);

const model = await timed(
  ({ config }) => `loaded ${config.name} (ViT-S/14, 22 million weights) from safetensors`,
  () => loadModel(path("../weights/vit-small-patch14")),
);
const vectors = await timed(
  (all) => `embedded ${all.length} photographs, ${all[0].length} numbers each`,
  () => model.embed(images),
);

const pairs = vectors
  .flatMap((a, i) => vectors.slice(i + 1).map((b, j) => ({ i, j: i + 1 + j, similarity: cosineSimilarity(a, b) })))
  .sort((a, b) => b.similarity - a.similarity);
console.log("\nnearest pairs:");
for (const { i, j, similarity } of pairs.slice(0, PAIRS))
  console.log(`${similarity.toFixed(4).padStart(8)}  ${photographs[i]}  ~  ${photographs[j]}`);
const { engine, threads, simd } = describeEngine();
console.log(`\nengine: ${engine}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${simd} SIMD`);
await model.dispose();
await detector.dispose();
console.log(`${seconds(performance.now())} in all`);
