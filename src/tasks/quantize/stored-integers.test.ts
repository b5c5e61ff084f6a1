import { describe, expect, it } from "vitest";
import type { StoredTensor } from "../../io/read-safetensors.js";
import { toFloat32 } from "../../io/to-float32.js";
import { loadModel } from "../load-model.js";
import { tinyModel, withChangedModel } from "../model-folder.testing.js";
import { roundToIntegers } from "./round-weights.js";

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);
const MATRIX = /(query|key|value|dense|qkv|proj|fc1|fc1_g|fc1_x|fc2|w12|w3)\.weight$/;
const isBlock = (name: string) => /(encoder\.layer|blocks)\.\d/.test(name) && MATRIX.test(name);

/** Matrices of the blocks as int8 with scales of a shape. */
const quantized =
  (scaleShape = (rows: number) => [rows, 1], keep = (_name: string) => false) =>
  (tensors: Map<string, StoredTensor>) => {
    for (const [name, { dtype, shape, bytes }] of [...tensors]) {
      if (!isBlock(name) || keep(name)) continue;
      const { values, scales } = roundToIntegers(toFloat32(bytes, dtype), shape[0]!);
      tensors.set(name, { dtype: "I8", shape, bytes: bytesOf(values) });
      tensors.set(`${name}_scale`, { dtype: "F32", shape: scaleShape(shape[0]!), bytes: bytesOf(scales) });
    }
  };
const picture = (side: number) => ({
  data: Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256),
  width: side,
  height: side,
});
const outputs = ["embedding", "tokens"] as const;
const run = async (folder: string, options: Parameters<typeof loadModel>[1] = {}) => {
  await using model = await loadModel(folder, options);
  return { ...(await model.run(picture(40), { outputs, normalize: false })), dtype: model.dtype };
};

describe("a folder with int8 weights and scales", () => {
  it.each(["vit", "timm-vit", "eva-tiny", "vit-f16", "vit-bf16"])(
    "%s: gives bit for bit what quantizing at load gives",
    async (name) => {
      const wanted = await run(tinyModel(name), { dtype: "int8" });
      for (const shape of [(rows: number) => [rows], (rows: number) => [rows, 1]])
        await withChangedModel(name, { weights: quantized(shape) }, async (folder) => {
          expect(await run(folder)).toEqual(wanted);
          expect(await run(folder, { dtype: "int8", threads: 2 })).toEqual(wanted);
        });
    },
  );

  it.each(["cpu", "wasm", "vitrail"] as const)("%s has the integers' values as float32 when asked", async (engine) => {
    await withChangedModel("vit", { weights: quantized() }, async (folder) => {
      const found = await run(folder, { engine, ...(engine === "vitrail" && { dtype: "float32" }) });
      expect(found.dtype).toBe("float32");
      const wanted = await run(folder, { engine: "cpu" });
      for (const [i, value] of wanted.embedding.data.entries()) expect(found.embedding.data[i]).toBeCloseTo(value, 4);
    });
  });

  it("int8 on an engine without it, and float16, are refused", async () => {
    await withChangedModel("vit", { weights: quantized() }, async (folder) => {
      await expect(loadModel(folder, { engine: "cpu", dtype: "int8" })).rejects.toMatchObject({ code: "engine/dtype" });
      await expect(loadModel(folder, { dtype: "float16" })).rejects.toMatchObject({ code: "checkpoint/dtype" });
    });
  });

  it("a layer that was kept has its own bits", async () => {
    const keep = (name: string) => name.includes("layer.0.");
    const entry = { quant_method: "vitrail", version: 1, dtype: "int8", attention: "float32", kept: ["layer.0"] };
    const config = (fields: Record<string, unknown>) => ({ ...fields, quantization_config: entry });
    await withChangedModel("vit", { weights: quantized(undefined, keep), config }, async (folder) => {
      await using mixed = await loadModel(folder);
      await using exact = await loadModel(tinyModel("vit"), { engine: "vitrail" });
      const blocks = { outputs: ["hidden.1", "tokens"] } as const;
      const [found, wanted] = [await mixed.run(picture(40), blocks), await exact.run(picture(40), blocks)];
      expect(found["hidden.1"]).toEqual(wanted["hidden.1"]);
      expect(found.tokens.data).not.toEqual(wanted.tokens.data);
    });
  });

  const scale =
    (change: (tensor: StoredTensor) => StoredTensor | undefined) => (tensors: Map<string, StoredTensor>) => {
      quantized()(tensors);
      const name = [...tensors.keys()].find((key) => key.endsWith("_scale"))!;
      const changed = change(tensors.get(name)!);
      if (changed) tensors.set(name, changed);
      else tensors.delete(name);
    };
  const floats = (tensor: StoredTensor, value: number) => {
    const bytes = new Float32Array(tensor.bytes.slice().buffer);
    bytes[1] = value;
    return { ...tensor, bytes: bytesOf(bytes) };
  };
  it.each<[string, string, (tensor: StoredTensor) => StoredTensor | undefined]>([
    ["no scales", "checkpoint/dtype", () => undefined],
    ["scales of another count", "checkpoint/scales", (t) => ({ ...t, shape: [1], bytes: t.bytes.slice(0, 4) })],
    ["scales of another dtype", "checkpoint/scales", (t) => ({ ...t, dtype: "I32" })],
    ["a scale of NaN", "checkpoint/scales", (t) => floats(t, Number.NaN)],
    ["a scale of infinity", "checkpoint/scales", (t) => floats(t, Number.POSITIVE_INFINITY)],
    ["a scale of 0", "checkpoint/scales", (t) => floats(t, 0)],
    ["a negative scale", "checkpoint/scales", (t) => floats(t, -1)],
  ])("%s: %s", async (_, code, change) => {
    await withChangedModel("vit", { weights: scale(change) }, async (folder) => {
      await expect(loadModel(folder)).rejects.toMatchObject({ code });
    });
  });

  it("scales beside a weight of floats are unexpected", async () => {
    const stray = (tensors: Map<string, StoredTensor>) => {
      const [name] = [...tensors.keys()].filter(isBlock);
      tensors.set(`${name}_scale`, { dtype: "F32", shape: [1], bytes: new Uint8Array(4) });
    };
    await withChangedModel("vit", { weights: stray }, async (folder) => {
      await expect(loadModel(folder)).rejects.toMatchObject({ code: "checkpoint/mismatch" });
    });
  });

  it.each([
    ["version", { quant_method: "vitrail", version: 2, dtype: "int8", attention: "int8", kept: [] }],
    ["dtype", { quant_method: "vitrail", version: 1, dtype: "int4", attention: "int8", kept: [] }],
    ["attention", { quant_method: "vitrail", version: 1, dtype: "int8", kept: [] }],
    ["kept", { quant_method: "vitrail", version: 1, dtype: "int8", attention: "int8", kept: "all" }],
  ])("a config of another %s is refused", async (field, entry) => {
    const config = (fields: Record<string, unknown>) => ({ ...fields, quantization_config: entry });
    await withChangedModel("vit", { weights: quantized(), config }, async (folder) => {
      await expect(loadModel(folder)).rejects.toThrow(`quantization_config.${field}`);
    });
  });

  it("the config says how attentions multiply", async () => {
    const entry = { quant_method: "vitrail", version: 1, dtype: "int8", attention: "float32", kept: [] };
    const config = (fields: Record<string, unknown>) => ({ ...fields, quantization_config: entry });
    await withChangedModel("vit", { weights: quantized(), config }, async (folder) => {
      expect((await run(folder)).tokens).not.toEqual((await run(tinyModel("vit"), { dtype: "int8" })).tokens);
    });
  });
});
