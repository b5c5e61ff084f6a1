import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../io/read-safetensors.js";
import { loadModel } from "../../load-model.js";
import { tinyModel } from "../../model-folder.testing.js";
import type { VisionModel } from "../../vision-model.js";
import { evaluateModel } from "../evaluate-model.js";
import { fitHead } from "../fit-head.js";
import type { FitOptions } from "../fit-options.js";
import type { Head } from "../head.js";

const PICTURES = join(import.meta.dirname, "../../../../conformance/pictures/textures");
const train = join(PICTURES, "train");
const picture = join(train, "brick", "01.jpg");

const UNFREEZE: FitOptions = { unfreeze: 1, epochs: 3, backboneLearningRate: 1e-3 };
const LORA: FitOptions = { lora: { rank: 4, targets: ["query", "value"] }, epochs: 3, backboneLearningRate: 1e-2 };
const EACH = [[UNFREEZE], [LORA]] as const;

let model: VisionModel;
let folder: string;
beforeAll(async () => {
  model = await loadModel(tinyModel("vit"));
  folder = mkdtempSync(join(tmpdir(), "vitrail-tuning-"));
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

/** All that came out of a training, to the bit. */
async function resultOf(head: Head): Promise<string> {
  const [embedding] = await head.model.embed([picture]);
  return JSON.stringify([head.layers, head.history, embedding].map((part) => JSON.stringify(part)));
}

describe("fitHead with blocks that are trained", () => {
  it.each(EACH)("lowers the loss of what it learns from: %j", async (options) => {
    await using head = await fitHead(model, train, { ...options, validation: 0 });
    const losses = head.history.map(({ loss }) => loss);
    expect(losses).toHaveLength(3);
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
  });

  it.each(EACH)("leaves the model that it was given as it was, to the bit: %j", async (options) => {
    const before = await model.embed(picture);
    await using head = await fitHead(model, train, { ...options, validation: 0 });
    expect(await model.embed(picture)).toEqual(before);
    expect(await head.model.embed(picture)).not.toEqual(before);
  });

  it.each(EACH)("gives the same twice, and on one thread as on two, to the bit: %j", async (options) => {
    const results: string[] = [];
    for (const threads of [1, 2, 2]) {
      await using other = await loadModel(tinyModel("vit"), { engine: "vitrail", threads });
      await using head = await fitHead(other, train, options);
      results.push(await resultOf(head));
    }
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
  });

  it.each(EACH)("goes on after an interruption as if there had been none, to the bit: %j", async (options) => {
    await using whole = await fitHead(model, train, options);
    const checkpoint = join(folder, `${options.unfreeze ?? "lora"}.safetensors`);
    const stop = new AbortController();
    const cut = fitHead(model, train, {
      ...options,
      checkpoint,
      signal: stop.signal,
      progress: (event) => event.stage === "training" && event.epoch === 1 && stop.abort(new Error("enough")),
    });
    await expect(cut).rejects.toThrow("enough");
    await using resumed = await fitHead(model, train, { ...options, checkpoint });
    expect(await resultOf(resumed)).toBe(await resultOf(whole));
  });

  it.each(EACH)(
    "passes each picture through the frozen blocks once, and never again while the cache keeps it: %j",
    async (options) => {
      const cache = join(folder, `cache-${options.unfreeze ?? "lora"}`);
      await using first = await fitHead(model, train, { ...options, cache, batch: 1 });
      expect(first.summary.passes).toBe(60);
      await using again = await fitHead(model, train, { ...options, cache, batch: 1 });
      expect(again.summary.passes).toBe(0);
      expect(await resultOf(again)).toBe(await resultOf(first));
    },
  );

  it("gives the same, but for rounding, however many examples pass at once", async () => {
    const losses: number[] = [];
    for (const microBatch of [16, 5]) {
      await using head = await fitHead(model, train, { ...UNFREEZE, microBatch });
      losses.push(head.history.at(-1)!.loss);
    }
    expect(losses[1]! / losses[0]!).toBeCloseTo(1, 4);
  });

  it("ends with the best epoch, which may be the head on the blocks as they were", async () => {
    await using head = await fitHead(model, train, {
      ...UNFREEZE,
      backboneLearningRate: 10,
      learningRate: 10,
      epochs: 2,
    });
    const before = await model.embed(picture);
    expect(head.history[0]!.validationLoss).toBeGreaterThan(1);
    expect(await head.model.embed(picture)).toEqual(before);
  });

  it.each(EACH)("gives all tensors back, and has as many after six epochs as after one: %j", async (options) => {
    const before = memory().numTensors;
    const counts: number[] = [];
    for (const epochs of [1, 6]) {
      const head = await fitHead(model, train, { ...options, epochs, validation: 0 });
      counts.push(memory().numTensors);
      await head.dispose();
      expect(memory().numTensors).toBe(before);
    }
    expect(counts[1]).toBe(counts[0]);
  });

  it("gives all tensors back where it is aborted", async () => {
    const before = memory().numTensors;
    const signal = AbortSignal.timeout(1);
    await expect(fitHead(model, train, { ...LORA, signal })).rejects.toThrow();
    expect(memory().numTensors).toBe(before);
  });
});

describe("a saved head with trained blocks", () => {
  it.each<[string, FitOptions]>([
    ["vit", UNFREEZE],
    ["vit", LORA],
    ["vit-f16", UNFREEZE],
    ["vit-sharded", LORA],
    ["eva-base", UNFREEZE],
    ["eva-base", LORA],
    ["eva-wrapper", LORA],
    ["timm-vit", UNFREEZE],
    ["timm-vit", LORA],
    ["vit", { ...UNFREEZE, hidden: 5 }],
  ])("of %s %j answers from its folder as the head did", async (name, options) => {
    await using base = await loadModel(tinyModel(name));
    await using head = await fitHead(base, train, { ...options, epochs: 1, validation: 0 });
    const target = join(folder, "saved");
    await head.save(target);
    await using saved = await loadModel(target);
    expect(await saved.embed(picture)).toEqual(await head.model.embed(picture));
    expect(await saved.embed(picture)).not.toEqual(await base.embed(picture));
    const { accuracy } = await evaluateModel(saved, train);
    expect(accuracy).toBe((await head.evaluate(train)).accuracy);
  });

  it("has float32 where something changed, and every other tensor's bytes", async () => {
    await using base = await loadModel(tinyModel("vit-f16"));
    await using head = await fitHead(base, train, LORA);
    const target = join(folder, "half");
    await head.save(target);
    const before = readSafetensors(readFileSync(join(tinyModel("vit-f16"), "model.safetensors"))).tensors;
    const after = readSafetensors(readFileSync(join(target, "model.safetensors"))).tensors;
    const changed = [...after].filter(
      ([name, { bytes }]) => !before.has(name) || Buffer.compare(bytes, before.get(name)!.bytes),
    );
    const backbone = changed.map(([name]) => name).filter((name) => !name.startsWith("classifier"));
    expect(backbone.every((name) => /attention\.(query|value|q_proj|v_proj)\.weight$/.test(name))).toBe(true);
    expect(backbone).toHaveLength(4);
    for (const [name, { dtype }] of changed) expect(dtype, name).toBe("F32");
  });
});

describe("a saved adapter", () => {
  // PEFT 0.21 read such folders over transformers 5.23's ViT and timm 1.0.31's EVA-02: the logits of the merged models, but for 4e-6
  it("has the names and shapes that PEFT writes", async () => {
    await using head = await fitHead(model, train, { lora: { rank: 4, layers: 1 }, epochs: 1 });
    const target = join(folder, "adapter");
    await head.saveAdapter(target);
    const { tensors } = readSafetensors(readFileSync(join(target, "adapter_model.safetensors")));
    const layer = "base_model.model.vit.layers.1.attention";
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, [...shape]]))).toEqual({
      [`${layer}.q_proj.lora_A.weight`]: [4, 32],
      [`${layer}.q_proj.lora_B.weight`]: [32, 4],
      [`${layer}.v_proj.lora_A.weight`]: [4, 32],
      [`${layer}.v_proj.lora_B.weight`]: [32, 4],
      "base_model.model.classifier.weight": [3, 32],
      "base_model.model.classifier.bias": [3],
    });
    const config = JSON.parse(readFileSync(join(target, "adapter_config.json"), "utf8"));
    expect(config).toMatchObject({ peft_type: "LORA", r: 4, lora_alpha: 16, target_modules: ["q_proj", "v_proj"] });
    expect(config.layers_to_transform).toEqual([1]);
  });

  it("is refused where none was trained", async () => {
    await using head = await fitHead(model, train, { ...UNFREEZE, epochs: 1 });
    await expect(head.saveAdapter(folder)).rejects.toMatchObject({ code: "training/no-adapter" });
  });
});

describe("options for trained blocks", () => {
  it.each<[FitOptions, string]>([
    [{ unfreeze: 3 }, "training/tuning-option"],
    [{ unfreeze: 0 }, "training/tuning-option"],
    [{ unfreeze: 1, lora: {} }, "training/tuning-option"],
    [{ lora: { rank: 0 } }, "training/tuning-option"],
    [{ lora: { alpha: -1 } }, "training/tuning-option"],
    [{ lora: { targets: ["mlp" as never] } }, "training/tuning-option"],
    [{ lora: { layers: 9 } }, "training/tuning-option"],
    [{ unfreeze: 1, warmup: 2 }, "training/tuning-option"],
    [{ unfreeze: 1, decay: "steps" as never }, "training/tuning-option"],
    [{ unfreeze: 1, clip: 0 }, "training/tuning-option"],
    [{ unfreeze: 1, solver: "lbfgs" }, "input/option"],
    [{ warmup: 0.5 }, "input/option"],
    [{ lora: { r: 8 } as never }, "input/option"],
  ])("out of range are refused: %j → %s", async (options, code) => {
    await expect(fitHead(model, train, options)).rejects.toMatchObject({ code });
  });

  it.each(["float16", "int8"] as const)("refuse a model of %s, and say what to do", async (dtype) => {
    await using small = await loadModel(tinyModel("vit"), { dtype });
    await expect(fitHead(small, train, UNFREEZE)).rejects.toMatchObject({
      code: "training/precision",
      message: expect.stringContaining('dtype "float32"'),
    });
  });
});
