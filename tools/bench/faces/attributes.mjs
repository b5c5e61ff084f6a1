// node tools/bench/faces/attributes.mjs MODEL: what ten faces with one attribute cost beside the model's passes over ten pictures alone, in
// turns, the least of each; and the processor time of all threads, which other work on the machine disturbs less. MODEL is a ViT-B/16's folder, such as the seeded one that the tests leave in .cache/. Needs the built package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadFaceAnalyzer } from "../../../dist/faces.js";
import { decodeImage } from "../../../dist/images.js";
import { describeEngine, loadModel } from "../../../dist/index.js";

const FACES = 10;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const [folder] = process.argv.slice(2);
const bytes = readFileSync(join(import.meta.dirname, "../../../conformance/photos/montage_pd_16.jpg"));
const model = await loadModel(folder);
const { height, width } = model.config.architecture.image;
const shape = [FACES, height, width, 3];
const values = new Float32Array(shape.reduce((product, size) => product * size)).fill(0.1);
const options = { attributes: { emotion: model }, maxFaces: FACES, embed: "emotion" };
const analyzers = {};
for (const name of ["full", "auto"])
  analyzers[name] = await loadFaceAnalyzer({ ...options, detector: { model: name } });

const works = {
  [`decode ${(await decodeImage(bytes)).width} px`]: () => decodeImage(bytes),
  [`${FACES} pictures in one pass`]: () => model.runTensor(values, shape, { outputs: ["logits", "embedding"] }),
  [`${FACES} faces, detector "full"`]: () => analyzers.full.analyze(bytes),
  [`${FACES} faces, detector "auto"`]: () => analyzers.auto.analyze(bytes),
};
const unknown = () => ({ wall: Number.POSITIVE_INFINITY, processor: Number.POSITIVE_INFINITY });
const least = Object.fromEntries(Object.keys(works).map((name) => [name, unknown()]));
for (let round = 0; round <= ROUNDS; round++)
  for (const [name, work] of Object.entries(works)) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await work();
    const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(before)];
    if (round === 0) continue; // the first compiles
    least[name].wall = Math.min(least[name].wall, wall);
    least[name].processor = Math.min(least[name].processor, (user + system) / 1000);
  }
const { engine, threads, simd } = describeEngine();
console.log(`${model.config.name}, ${engine}, ${threads} threads, ${simd} SIMD; least of ${ROUNDS} rounds`);
const alone = least[`${FACES} pictures in one pass`];
for (const [name, { wall, processor }] of Object.entries(least)) {
  const ratios = `${(wall / alone.wall).toFixed(3)} of the time, ${(processor / alone.processor).toFixed(3)} of the processor`;
  console.log(`${name.padEnd(28)}${wall.toFixed(0).padStart(7)} ms${processor.toFixed(0).padStart(7)} ms   ${ratios}`);
}
for (const analyzer of Object.values(analyzers)) await analyzer.dispose();
await model.dispose();
