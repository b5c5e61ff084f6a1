import { io, losses, memory, type Tensor, tensor2d, tensor4d, tidy, train } from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel, model } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../backend/engine.js";
import { disposeModel } from "../models/dispose-model.js";
import { loadLayers } from "../tasks/load-model.js";
import { tinyModel } from "../tasks/model-folder.testing.js";

beforeAll(() => useEngine());

/** Eight pictures of noise with labels in turn. */
function examples(size: number, classes: number) {
  let state = 1;
  const noise = Float32Array.from({ length: 8 * size * size * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
  const labels = Array.from({ length: 8 }, (_, i) =>
    Array.from({ length: classes }, (_, c) => Number(c === i % classes)),
  );
  return { pictures: tensor4d(noise, [8, size, size, 3]), labels: tensor2d(labels) };
}

/** The loaded layers as a classifier that TF.js can train. */
async function classifier(name: string): Promise<LayersModel> {
  const { model: all, outputs } = await loadLayers(tinyModel(name));
  const trained = model({ inputs: all.inputs, outputs: outputs.get("logits")! });
  const loss = (wanted: Tensor, logits: Tensor) => losses.softmaxCrossEntropy(wanted, logits);
  trained.compile({ optimizer: train.adam(0.005), loss });
  return trained;
}

describe.each([
  ["vit", 32, 7],
  ["eva-base", 32, 4],
])("the layers of %s", (name, size, classes) => {
  it("are trained by model.fit: the loss falls below a tenth in 40 epochs", async () => {
    const { pictures, labels } = examples(size, classes);
    const trained = await classifier(name);
    const { history } = await trained.fit(pictures, labels, { epochs: 40, batchSize: 8, verbose: 0 });
    const loss = history.loss as number[];
    expect(loss.at(-1)!).toBeLessThan(loss[0]! / 10);
    disposeModel(trained);
    pictures.dispose();
    labels.dispose();
  });

  it("stay as they are where they are frozen", async () => {
    const { pictures, labels } = examples(size, classes);
    const trained = await classifier(name);
    for (const layer of trained.layers) layer.trainable = layer.name === "head";
    trained.compile({ optimizer: train.sgd(0.1), loss: "meanSquaredError" });
    const read = () =>
      tidy(() =>
        Object.fromEntries(
          trained.layers.map((layer) => [layer.name, layer.getWeights().map((w) => [...w.dataSync()])]),
        ),
      );
    const before = read();
    await trained.fit(pictures, labels, { epochs: 1, verbose: 0 });
    const after = read();
    const changed = Object.keys(before).filter(
      (layer) => JSON.stringify(before[layer]) !== JSON.stringify(after[layer]),
    );
    expect(changed).toEqual(["head"]);
    disposeModel(trained);
    pictures.dispose();
    labels.dispose();
  });

  it("survive TF.js's own saving and loading, to the bit", async () => {
    const { pictures, labels } = examples(size, classes);
    const original = await classifier(name);
    let saved: io.ModelArtifacts | undefined;
    const handler = io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    });
    await original.save(handler);
    const restored = await loadLayersModel(io.fromMemory(saved!));
    const [a, b] = [original, restored].map((m) => tidy(() => [...(m.predict(pictures) as Tensor).dataSync()]));
    expect(b).toEqual(a);
    for (const m of [original, restored]) disposeModel(m);
    pictures.dispose();
    labels.dispose();
  });
});

describe("a layers model", () => {
  it("prints its summary, a line for each layer by its checkpoint name", async () => {
    const before = memory().numTensors;
    const { model: all } = await loadLayers(tinyModel("vit"));
    const lines: string[] = [];
    all.summary(undefined, undefined, (line) => lines.push(line));
    expect(lines.join("\n")).toMatch(/blocks\.1\.attn\.q_proj/);
    expect(lines.join("\n")).toMatch(/Total params: 2\d{4}/);
    disposeModel(all);
    expect(memory().numTensors).toBe(before);
  });
});
