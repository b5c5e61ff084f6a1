import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getBackend } from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeEngine } from "../../backend/engine.js";
import { loadFaceDetector } from "../faces/load-face-detector.js";
import { loadLayers, loadModel } from "../load-model.js";
import { tinyModel, withChangedModel } from "../model-folder.testing.js";
import { quantize } from "../quantize/quantize.js";
import type { VisionModel } from "../vision-model.js";
import { isInstalled, REASON, workWhereItIs } from "./onnxruntime.testing.js";

const PHOTOS = join(import.meta.dirname, "../../../conformance/photos");
const ENGINE = { engine: "onnxruntime", threads: 2 } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-onnx-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A copy of a tiny model that a test may change. */
function ownModel(name: string): string {
  cpSync(tinyModel(name), join(folder, name), { recursive: true });
  return join(folder, name);
}

function input({ config }: VisionModel, batch = 1) {
  const { height, width } = config.architecture.image;
  const values = Float32Array.from({ length: batch * height * width * 3 }, (_, i) => Math.sin(i * 0.37));
  return { values, shape: [batch, height, width, 3] as [number, number, number, number] };
}

async function logitsOf(model: VisionModel, batch = 1): Promise<Float32Array> {
  const { values, shape } = input(model, batch);
  return (await model.runTensor(values, shape, { outputs: ["logits"] })).logits.data;
}

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

it("says in one line how to install ONNX Runtime where it is missing", async () => {
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  const error = await loadModel(tinyModel("vit"), ENGINE).catch((reason) => reason);
  expect(error).toMatchObject({ name: "EngineError", code: "engine/not-installed" });
  expect(error.message).toMatch(/npm install onnxruntime-node$/);
});

it.each([
  ["1.20.1", "engine/too-old", /1\.20\.1/],
  [undefined, "engine/too-old", /does not say its version/],
])("refuses ONNX Runtime %s", async (version, code, says) => {
  const installed = join(folder, "node_modules/onnxruntime-node");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "index.js"), `exports.env = { versions: ${JSON.stringify({ node: version })} };`);
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  await expect(loadModel(tinyModel("vit"), ENGINE)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(says),
  });
});

it("says why a package does not load", async () => {
  const installed = join(folder, "node_modules/onnxruntime-node");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "index.js"), 'throw new Error("libonnxruntime.so.1: cannot open shared object file");');
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  await expect(loadModel(tinyModel("vit"), ENGINE)).rejects.toMatchObject({
    code: "engine/failed",
    message: expect.stringContaining("cannot open shared object file"),
  });
});

it.each([
  ["Fatal error: com.microsoft:RotaryEmbedding(-1) is not a registered function/op", "engine/operator"],
  ["Could not find an implementation for Attention(23) node with name ''", "engine/operator"],
  [
    "ONNX Runtime only guarantees support for models stamped with official released onnx opset versions",
    "engine/operator",
  ],
  ["Failed to allocate memory for requested buffer", "engine/failed"],
])("says what to do where ONNX Runtime's build says: %s", async (reason, code) => {
  const installed = join(folder, "node_modules/onnxruntime-node");
  mkdirSync(installed, { recursive: true });
  writeFileSync(
    join(installed, "index.js"),
    `exports.env = { versions: { node: "1.24.0" } };
     exports.InferenceSession = { create: async () => { throw new Error(${JSON.stringify(reason)}); } };`,
  );
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  await expect(loadModel(tinyModel("vit"), ENGINE)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/onnxruntime-node@latest.* another engine/),
    details: { reason },
  });
});

describe.skipIf(!isInstalled)(`The engine "onnxruntime"${REASON}`, () => {
  beforeEach(workWhereItIs);

  it("is what auto takes for a model that is only run, and never for layers or faces", async () => {
    await using model = await loadModel(tinyModel("vit"));
    expect(describeEngine()).toMatchObject({ engine: "onnxruntime", simd: "native", kernels: "fused" });
    expect(describeEngine().skipped.map(({ engine }) => engine)).toEqual(["tensorflow-gpu", "webgpu"]);
    expect(model.labels.length).toBeGreaterThan(0);
    const { model: layers } = await loadLayers(tinyModel("vit"));
    expect(describeEngine().engine).toBe("vitrail");
    layers.dispose();
    await expect(loadLayers(tinyModel("vit"), ENGINE)).rejects.toMatchObject({ code: "engine/only-runs" });
    await expect(loadFaceDetector(ENGINE)).rejects.toMatchObject({ code: "engine/only-runs" });
  });

  it("leaves TF.js's active backend as it is", async () => {
    await using other = await loadModel(tinyModel("vit"), { engine: "cpu" });
    await using model = await loadModel(tinyModel("vit"), ENGINE);
    expect(getBackend()).toBe("cpu");
    expect(farthest(await logitsOf(model), await logitsOf(other))).toBeLessThan(1e-5);
    expect(await model.onEngine(() => getBackend())).toBe("vitrail");
  });

  it("gives every picture of a batch what it gives it alone, whatever outputs were asked for before", async () => {
    await using model = await loadModel(tinyModel("eva-base"), ENGINE);
    const { values, shape } = input(model, 3);
    const alone = await model.runTensor(values.slice(0, values.length / 3), [1, ...shape.slice(1)] as never, {
      outputs: ["hidden.1", "attention.0", "logits"],
    });
    const together = await model.runTensor(values, shape, { outputs: ["hidden.1", "attention.0", "logits"] });
    for (const name of ["hidden.1", "attention.0", "logits"] as const) {
      const first = together[name].data.slice(0, alone[name].data.length);
      expect(farthest(first, alone[name].data)).toBeLessThan(1e-5);
    }
    expect(farthest(await logitsOf(model, 3), together.logits.data)).toBe(0);
    expect(model.passes).toBe(3);
  });

  it("runs calls at once, in order, without holding the event loop up", async () => {
    await using model = await loadModel(tinyModel("vit"), ENGINE);
    const [one, two] = await Promise.all([logitsOf(model), logitsOf(model)]);
    expect(farthest(one, two)).toBe(0);
    const stopped = AbortSignal.abort(new Error("enough"));
    const { values, shape } = input(model);
    await expect(model.runTensor(values, shape, { outputs: ["logits"], signal: stopped })).rejects.toThrow("enough");
    expect(values.length).toBeGreaterThan(0); // the caller's memory stays the caller's
  });

  it("ends a run that waits, and its thread, when it is disposed", async () => {
    const model = await loadModel(tinyModel("vit"), ENGINE);
    const running = logitsOf(model);
    await Promise.all([model.dispose(), model.dispose()]);
    expect((await running).length).toBeGreaterThan(0);
    await expect(logitsOf(model)).rejects.toMatchObject({ code: "input/disposed" });
  });

  it("reads weights through links out of the model's folder, as the Hub's cache has them, from several shards", async () => {
    const whole = ownModel("vit-sharded");
    const blobs = join(folder, "blobs");
    mkdirSync(blobs);
    for (const [i, file] of readdirSync(whole)
      .filter((name) => name.endsWith(".safetensors"))
      .entries()) {
      mkdirSync(join(blobs, String(i)));
      renameSync(join(whole, file), join(blobs, String(i), "0123abcd"));
      symlinkSync(join(blobs, String(i), "0123abcd"), join(whole, file));
    }
    await using model = await loadModel(whole, ENGINE);
    await using plain = await loadModel(tinyModel("vit"), { engine: "vitrail" });
    expect(farthest(await logitsOf(model), await logitsOf(plain))).toBeLessThan(1e-5);
  });

  it("needs nothing of the file once it is loaded, but for outputs that were not asked for yet", async () => {
    const own = ownModel("vit");
    await using model = await loadModel(own, ENGINE);
    const before = await logitsOf(model);
    writeFileSync(join(own, "model.safetensors"), "");
    expect(farthest(await logitsOf(model), before)).toBe(0);
    const { values, shape } = input(model);
    await expect(model.runTensor(values, shape, { outputs: ["hidden.0"] })).rejects.toMatchObject({
      code: "weights/file-changed",
      message: expect.stringContaining("replaced or written to"),
    });
    rmSync(own, { recursive: true });
    await expect(model.runTensor(values, shape, { outputs: ["hidden.0"] })).rejects.toMatchObject({
      code: "weights/file-changed",
      message: expect.stringContaining("moved or removed"),
    });
    expect(farthest(await logitsOf(model), before)).toBe(0);
  });

  it("refuses weights that are not numbers, and a model that does not fit, as the other engines do", async () => {
    const nan = new Uint8Array(new Float32Array([Number.NaN]).buffer);
    await withChangedModel(
      "vit",
      { weights: (tensors) => tensors.get("classifier.weight")!.bytes.set(nan, 8) },
      async (broken) => {
        await expect(loadModel(broken, ENGINE)).rejects.toMatchObject({
          code: "checkpoint/not-finite",
          details: { tensor: "classifier.weight", element: 2 },
        });
      },
    );
    await withChangedModel("vit", { weights: (tensors) => tensors.delete("vit.layernorm.bias") }, async (broken) => {
      await expect(loadModel(broken, ENGINE)).rejects.toMatchObject({ code: "checkpoint/mismatch" });
    });
  });

  it("makes the integers that quantize writes, to the bit", async () => {
    const [source, out] = [tinyModel("vit-deep"), join(folder, "int8")];
    await quantize(source, { calibrate: [join(PHOTOS, "hopper.png"), join(PHOTOS, "coffee.png")], out, engines: [] });
    await using written = await loadModel(out, ENGINE);
    await using made = await loadModel(source, { ...ENGINE, dtype: "int8" });
    expect(written.dtype).toBe("int8");
    expect(farthest(await logitsOf(made), await logitsOf(written))).toBe(0);
  });

  it("computes with int8, near float32, and says what it can't do", async () => {
    await using exact = await loadModel(tinyModel("vit-deep"), ENGINE);
    await using model = await loadModel(tinyModel("vit-deep"), { ...ENGINE, dtype: "int8" });
    const [wanted, found] = [await logitsOf(exact), await logitsOf(model)];
    const error = farthest(found, wanted);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.05 * wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    await expect(loadModel(tinyModel("vit"), { ...ENGINE, dtype: "float16" })).rejects.toMatchObject({
      code: "engine/dtype",
      message: expect.stringContaining('"vitrail"'),
    });
  });
});
