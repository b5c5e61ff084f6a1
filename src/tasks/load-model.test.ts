import { memory } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../backend/engine.js";
import { VitrailError } from "../errors.js";
import { loadModel } from "./load-model.js";
import { type FolderChanges, tinyModel, withChangedModel } from "./model-folder.testing.js";

beforeAll(() => useEngine());

const nan = new Uint8Array(new Float32Array([Number.NaN]).buffer);
const set = (changes: Record<string, unknown>) => (config: Record<string, unknown>) => ({ ...config, ...changes });

/** What is wrong, with which tiny model, and the code that says so. */
const BROKEN: [what: string, model: string, changes: FolderChanges, code: string, says: RegExp][] = [
  ["no config.json", "vit", { files: { "config.json": undefined } }, "checkpoint/file-missing", /config\.json/],
  [
    "PEFT's adapters without their model",
    "vit",
    { files: { "config.json": undefined, "adapter_config.json": "{}" } },
    "checkpoint/file-missing",
    /adapters alone.*head\.save/,
  ],
  ["a config that is no JSON", "vit", { files: { "config.json": "{" } }, "checkpoint/not-json", /config\.json/],
  ["a config that is a list", "vit", { files: { "config.json": "[]" } }, "checkpoint/not-an-object", /config\.json/],
  [
    "no preprocessor_config.json",
    "vit",
    { files: { "preprocessor_config.json": undefined } },
    "checkpoint/preprocessor",
    /preprocessor_config\.json/,
  ],
  ["no weights", "vit", { files: { "model.safetensors": undefined } }, "weights/none-in-folder", /safetensors/],
  [
    "a pickle in the weights' place",
    "vit",
    { files: { "model.safetensors": "PK\u0003\u0004 a zip of pickles" } },
    "weights/other-format",
    /pickle|PyTorch|zip/i,
  ],
  [
    "a pointer instead of weights",
    "vit",
    { files: { "model.safetensors": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n" } },
    "weights/other-format",
    /LFS/,
  ],
  [
    "an error page instead of weights",
    "vit",
    { files: { "model.safetensors": "<!DOCTYPE html><html></html>" } },
    "weights/other-format",
    /HTML/,
  ],
  [
    "another model type",
    "vit",
    { config: set({ model_type: "swin", architectures: ["SwinModel"] }) },
    "checkpoint/unknown-architecture",
    /"swin"/,
  ],
  ["no model type at all", "vit", { config: () => ({}) }, "checkpoint/unknown-architecture", /no model/],
  [
    "an unknown timm model",
    "timm-vit",
    { config: set({ architecture: "resnet50" }) },
    "checkpoint/unknown-architecture",
    /"resnet50"/,
  ],
  [
    "timm arguments that change the model",
    "timm-vit",
    { config: (c) => set({ model_args: { ...(c.model_args as object), reg_tokens: 4 } })(c) },
    "checkpoint/config",
    /reg_tokens/,
  ],
  [
    "a depth that is text",
    "vit",
    { config: set({ num_hidden_layers: "2" }) },
    "checkpoint/config",
    /"num_hidden_layers".*"2"/,
  ],
  ["a width of zero", "vit", { config: set({ hidden_size: 0 }) }, "checkpoint/config", /"hidden_size"/],
  [
    "an activation that nobody knows",
    "vit",
    { config: set({ hidden_act: "swoosh" }) },
    "checkpoint/config",
    /"hidden_act".*"swoosh"/,
  ],
  ["gray pictures", "vit", { config: set({ num_channels: 1 }) }, "checkpoint/config", /"num_channels"/],
  [
    "a deeper config",
    "vit",
    { config: set({ num_hidden_layers: 3 }) },
    "checkpoint/mismatch",
    /blocks\.2\..*\n.*2 blocks of width 32/s,
  ],
  [
    "a shallower config",
    "vit",
    { config: set({ num_hidden_layers: 1 }) },
    "checkpoint/mismatch",
    /unexpected: "vit\.encoder\.layer\.1\./,
  ],
  [
    "a wider config",
    "vit",
    { config: set({ hidden_size: 64 }) },
    "checkpoint/mismatch",
    /\[1,1,32\], wanted \[1,1,64\]/,
  ],
  [
    "a config of a billion numbers a layer",
    "vit",
    { config: set({ hidden_size: 2 ** 20, intermediate_size: 2 ** 22 }) },
    "checkpoint/mismatch",
    /wanted/,
  ],
  [
    "heads that do not divide the width",
    "vit",
    { config: set({ num_attention_heads: 5 }) },
    "checkpoint/size",
    /5 heads/,
  ],
  ["a patch larger than the picture", "vit", { config: set({ patch_size: 64 }) }, "checkpoint/size", /no patch/],
  [
    "too few labels",
    "vit",
    { config: set({ id2label: { 0: "a", 1: "b" } }) },
    "checkpoint/labels",
    /2 labels.*7 classes/,
  ],
  [
    "labels with a hole",
    "vit",
    { config: set({ id2label: { 0: "a", 2: "b" } }) },
    "checkpoint/labels",
    /"1" is missing/,
  ],
  ["labels that are numbers", "vit", { config: set({ id2label: { 0: 1 } }) }, "checkpoint/labels", /"0"/],
  [
    "too many timm labels",
    "eva-wrapper",
    { config: set({ label_names: ["a", "b", "c", "d", "e"] }) },
    "checkpoint/labels",
    /5 labels.*4 classes/,
  ],
  [
    "a missing classifier",
    "vit",
    { weights: (t) => void t.delete("classifier.bias") },
    "checkpoint/mismatch",
    /missing: "head\.bias"/,
  ],
  [
    "a tensor too many",
    "vit",
    { weights: (t) => void t.set("extra", t.get("classifier.bias")!) },
    "checkpoint/mismatch",
    /unexpected: "extra"/,
  ],
  [
    "a tensor of another shape",
    "vit",
    { weights: (t) => void t.set("vit.layernorm.bias", { dtype: "F32", shape: [1], bytes: new Uint8Array(4) }) },
    "checkpoint/mismatch",
    /"vit\.layernorm\.bias" is \[1\], wanted \[32\]/,
  ],
  [
    "weights of integers",
    "vit",
    { weights: (t) => void t.set("vit.layernorm.bias", { dtype: "I32", shape: [32], bytes: new Uint8Array(128) }) },
    "checkpoint/dtype",
    /I32/,
  ],
  [
    "a NaN among the weights",
    "vit",
    { weights: (t) => t.get("vit.layernorm.weight")!.bytes.set(nan, 20) },
    "checkpoint/not-finite",
    /"vit\.layernorm\.weight".*element 5/,
  ],
  [
    "a size that the model does not take",
    "vit",
    { preprocessor: set({ size: { height: 48, width: 48 } }) },
    "checkpoint/size",
    /48 x 48.*32 x 32.*interpolate/,
  ],
  ["a size that is text", "vit", { preprocessor: set({ size: "big" }) }, "checkpoint/config", /"size"/],
  [
    "a filter that is not supported",
    "vit",
    { preprocessor: set({ resample: 1 }) },
    "checkpoint/config",
    /"resample".*2, 3/,
  ],
  [
    "a mean of two numbers",
    "vit",
    { preprocessor: set({ image_mean: [0.5, 0.5] }) },
    "checkpoint/config",
    /"image_mean"/,
  ],
  [
    "a standard deviation of zero",
    "vit",
    { preprocessor: set({ image_std: [0, 1, 1] }) },
    "checkpoint/config",
    /"image_std"/,
  ],
  [
    "a crop share of zero",
    "eva-wrapper",
    { config: (c) => set({ pretrained_cfg: { ...(c.pretrained_cfg as object), crop_pct: 0 } })(c) },
    "checkpoint/config",
    /"crop_pct"/,
  ],
];

describe("loadModel", () => {
  it.each(BROKEN)("refuses %s (%s)", async (_what, model, changes, code, says) => {
    const before = memory().numTensors;
    const failure = await withChangedModel(model, changes, (folder) => loadModel(folder)).catch((error) => error);
    expect(failure).toBeInstanceOf(VitrailError);
    expect(failure.message).toMatch(says);
    expect(failure.code).toBe(code);
    expect(memory().numTensors, "tensors before = after").toBe(before);
  });

  it("lists all that is missing, unexpected and misshapen in one error", async () => {
    const changes: FolderChanges = {
      weights: (tensors) => {
        tensors.delete("vit.layernorm.weight");
        tensors.set("extra", tensors.get("classifier.bias")!);
        tensors.set("vit.layernorm.bias", { dtype: "F32", shape: [1], bytes: new Uint8Array(4) });
      },
    };
    const failure = await withChangedModel("vit", changes, (folder) => loadModel(folder)).catch((error) => error);
    expect(failure.details).toMatchObject({
      missing: ["norm.weight"],
      unexpected: ["extra"],
      misshapen: [{ name: "vit.layernorm.bias", found: [1], wanted: [32] }],
    });
  });

  it("says when there is no folder", async () => {
    await expect(loadModel("no/such/model")).rejects.toMatchObject({ code: "input/not-found" });
    await expect(loadModel("")).rejects.toMatchObject({ code: "input/not-found" });
  });

  it("refuses options that it does not have", async () => {
    await expect(loadModel(tinyModel("vit"), { interpolat: true } as object)).rejects.toMatchObject({
      code: "input/option",
    });
    await expect(loadModel(tinyModel("vit"), { interpolate: -3 })).rejects.toMatchObject({ code: "input/option" });
    await expect(loadModel(tinyModel("vit"), { engine: "abacus" as never })).rejects.toMatchObject({
      code: "input/engine",
    });
  });

  it("takes pictures of just its size where the checkpoint does not resize", async () => {
    const changes: FolderChanges = { preprocessor: set({ do_resize: false }) };
    await withChangedModel("vit", changes, async (folder) => {
      await using model = await loadModel(folder);
      const square = (side: number) => ({ data: new Uint8Array(side * side * 3), width: side, height: side });
      expect(await model.classify(square(32))).toHaveLength(7);
      await expect(model.classify(square(31))).rejects.toMatchObject({ code: "input/size" });
    });
  });

  it("takes the path of the weights file as well as its folder", async () => {
    await using model = await loadModel(`${tinyModel("vit")}/model.safetensors`);
    expect(model.labels).toHaveLength(7);
  });

  it("rethrows the signal's reason", async () => {
    const reason = new Error("changed my mind");
    await expect(loadModel(tinyModel("vit"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("leaves no tensor behind after 50 rounds of loading and disposing", async () => {
    const before = memory().numTensors;
    for (let round = 0; round < 50; round++) await (await loadModel(tinyModel("eva-base"))).dispose();
    expect(memory().numTensors).toBe(before);
  });
});
