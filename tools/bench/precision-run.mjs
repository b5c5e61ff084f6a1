// What one engine makes of photographs with each precision: node precision-run.mjs '{ vitrail, engine, variants, photographs, reference, rounds }' prints JSON.
// `reference`: file of the last hidden states in float32, one photograph after another; written where it is missing.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const { vitrail, engine, variants, photographs, reference, rounds } = JSON.parse(process.argv[2]);
const { loadModel } = await import(vitrail);

const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const results = [];
const models = [];
for (const { name, folder, dtype } of variants) {
  try {
    models.push({ name, model: await loadModel(folder, { engine, ...(dtype && { dtype }) }) });
  } catch (error) {
    results.push({ name, error: error.code ?? error.message });
  }
}
const wanted = existsSync(reference) ? new Float32Array(new Uint8Array(readFileSync(reference)).buffer) : undefined;
for (const { name, model } of models) {
  const states = [];
  for (const photograph of photographs) states.push((await model.run(photograph, { outputs: ["tokens"] })).tokens.data);
  const size = states[0].length;
  if (!wanted) {
    writeFileSync(
      reference,
      Buffer.concat(states.map((state) => new Uint8Array(state.buffer, state.byteOffset, state.byteLength))),
    );
    process.exit();
  }
  const cosines = [];
  const errors = [];
  for (const [i, found] of states.entries()) {
    const exact = wanted.subarray(i * size, (i + 1) * size);
    const [a, b] = [found.subarray(0, model.width), exact.subarray(0, model.width)];
    cosines.push(a.reduce((sum, value, j) => sum + value * b[j], 0) / length(a) / length(b));
    errors.push(length(exact.map((value, j) => value - found[j])) / length(exact));
  }
  results.push({
    name,
    cosine: { mean: mean(cosines), least: Math.min(...cosines) },
    error: { mean: mean(errors), most: Math.max(...errors) },
    milliseconds: Number.POSITIVE_INFINITY,
  });
}
const { height, width } = models[0].model.config.architecture.image;
const picture = Float32Array.from({ length: height * width * 3 }, (_, i) => Math.sin(i));
for (let round = 0; round < rounds; round++)
  for (const { name, model } of models) {
    const start = performance.now();
    await model.runTensor(picture, [1, height, width, 3], { outputs: ["embedding"] });
    const result = results.find((one) => one.name === name);
    result.milliseconds = Math.min(result.milliseconds, performance.now() - start);
  }
console.log(JSON.stringify(results));
process.exit();
