import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { compareTensor } from "../src/tasks/compare.js";
import { exportTfjs } from "../src/tasks/export/export-tfjs.js";
import { type PlainResult, runPlainTfjs } from "../src/tasks/export/plain-tfjs.testing.js";
import { FACE_MODELS, type FaceModelName } from "../src/tasks/faces/face-models.js";
import { loadModel, openModel } from "../src/tasks/load-model.js";
import { readPictures } from "../src/tasks/picture-batch.js";
import { quantize } from "../src/tasks/quantize/quantize.js";
import { FULL_SIZE_CASES, TINY_CASES } from "./cases.js";
import { type Example, examplesOf, folderOf } from "./examples.js";
import { type Golden, readGolden } from "./golden.js";

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "vitrail-tfjs-"));
});
afterEach(() => rmSync(out, { recursive: true }));

async function open(name: string) {
  const test = [...TINY_CASES, ...FULL_SIZE_CASES].find((one) => one.name === name)!;
  const golden = readGolden(test.golden);
  const folder = await folderOf(test);
  const { config, checkpoint } = await openModel(folder);
  await checkpoint.close();
  return { folder, config, golden, examples: examplesOf(test, golden) };
}

/** Each output of each picture has to keep docs/numerics.md's bar. `embedding` is the golden's vector that the model reads: `pool`. */
function expectPasses({ custom, outputs }: PlainResult, { wanted }: Example, golden: Golden, pool: string): void {
  expect(custom).toEqual([]);
  for (const { name, data } of outputs)
    for (const [index, tensors] of wanted.entries()) {
      const size = data.length / wanted.length;
      const own = name === "embedding" ? pool : name;
      const found = data.slice(index * size, (index + 1) * size);
      expect(compareTensor(own, found, tensors.get(own)!, golden.own[own]!)).toMatchObject({ passes: true });
    }
}

describe("TF.js without vitrail, on an exported LayersModel", () => {
  it.each([
    "vit",
    "vit-gelu-tanh",
    "vit-quick-gelu",
    "vit-small-embeddings",
    "trained-vit",
    "eva-base",
    "eva-token-pool",
  ])("keeps the bar of PyTorch's own error on %s, a batch", async (name) => {
    const { folder, config, golden, examples } = await open(name);
    const batch = examples.at(-1)!;
    if (!("values" in batch.input)) throw new Error("the last example of a tiny model is a batch");
    await exportTfjs(folder, { out });
    const result = await runPlainTfjs(out, batch.input.values, batch.input.shape, "cpu");
    expect(result.outputs.map((output) => output.name)).toEqual(["logits", "embedding"]);
    expectPasses(result, batch, golden, config.architecture.pool);
  });

  it("keeps it on a trained ViT-S/14 with layer scale and a photograph, by TF.js's own WebAssembly", async () => {
    const { folder, config, golden, examples } = await open("vit-small-patch14");
    const photograph = examples[0]!;
    if (!("picture" in photograph.input)) throw new Error("the examples of a trained model are photographs");
    const pictures = [photograph.input.picture];
    const { values, shape } = await readPictures(pictures, config.preprocessing, config.architecture.image);
    await exportTfjs(folder, { out });
    const result = await runPlainTfjs(out, values, shape, "wasm");
    expect(result.outputs).toMatchObject([{ name: "embedding", shape: [1, 384] }]);
    expectPasses(result, photograph, golden, "embedding");
  }, 60_000);

  it("has the numbers of a folder that quantize wrote as int8, as float32, within 1e-5", async () => {
    const [int8, exported] = [join(out, "int8"), join(out, "tfjs")];
    const calibrate = [join(import.meta.dirname, "photos/hopper.png"), join(import.meta.dirname, "photos/coffee.png")];
    await quantize((await open("vit")).folder, { calibrate, out: int8, engines: [] });
    await using model = await loadModel(int8, { engine: "cpu", dtype: "float32" });
    const { height, width } = model.config.architecture.image;
    const values = Float32Array.from({ length: height * width * 3 }, (_, i) => Math.sin(i * 0.37));
    const { logits } = await model.runTensor(values, [1, height, width, 3], { outputs: ["logits"] });
    await exportTfjs(int8, { out: exported });
    const { outputs } = await runPlainTfjs(exported, values, [1, height, width, 3], "cpu");
    for (const [i, value] of outputs[0]!.data.entries()) expect(Math.abs(value - logits.data[i]!)).toBeLessThan(1e-5);
    expect(JSON.parse(readFileSync(join(exported, "config.json"), "utf8"))).not.toHaveProperty("quantization_config");
  });

  it.each(Object.keys(FACE_MODELS) as FaceModelName[])(
    "gives the tflite interpreter's outputs of BlazeFace %s within 1e-5 of the largest",
    async (name) => {
      const { size } = FACE_MODELS[name];
      const golden = readFileSync(join(import.meta.dirname, `goldens/blazeface-${name}.safetensors`));
      const { tensors } = readSafetensors(golden);
      const bytes = (key: string) => tensors.get(`astronaut.png.${key}`)!.bytes.slice();
      const pixels = Float32Array.from(bytes("pixels"), (value) => value / 127.5 - 1);
      await exportTfjs(`blazeface-${name}`, { out });
      const { custom, outputs } = await runPlainTfjs(out, pixels, [1, size, size, 3], "cpu");
      expect(custom).toEqual([]);
      expect(outputs.map((output) => output.name)).toEqual(["classificators", "regressors"]);
      for (const { name: output, data } of outputs) {
        const wanted = new Float32Array(bytes(output).buffer as ArrayBuffer);
        expect(data.length).toBe(wanted.length);
        const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const farthest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
        expect(farthest / largest).toBeLessThan(1e-5);
      }
    },
  );
});
