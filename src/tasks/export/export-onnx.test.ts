import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { tensor4d } from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useEngine, useEngineToRun } from "../../backend/engine.js";
import type { OnnxArray } from "../../backend/onnxruntime/onnx-thread.js";
import { FACE_MODELS, type FaceModelName } from "../faces/face-models.js";
import { loadNetwork } from "../faces/load-network.js";
import { loadModel } from "../load-model.js";
import { tinyModel } from "../model-folder.testing.js";
import { isInstalled, REASON, workWhereItIs } from "../onnx/onnxruntime.testing.js";
import { packageFile } from "../package-file.js";
import { exportOnnx, exportOnnxBeside } from "./export-onnx.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-export-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Runs a graph from its file. `[batch, height, width, channels]` is brought into the graph's order. */
async function runGraph(path: string, values: Float32Array, shape: number[]): Promise<Map<string, OnnxArray>> {
  const { thread, threads } = (await useEngineToRun({ engine: "onnxruntime" }))!;
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const first = values.map((_, i) => {
    const [place, plane] = [i % (height * width), Math.floor(i / (height * width))];
    return values[(Math.floor(plane / channels) * height * width + place) * channels + (plane % channels)]!;
  });
  try {
    const session = await thread.create(new Uint8Array(readFileSync(path)), { folder: dirname(path), threads });
    return await thread.run(session, "pixel_values", first, [batch, channels, height, width]);
  } finally {
    await thread.close();
  }
}

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

const noise = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 0.37));

describe("an export", () => {
  it("is a folder with the graph, its weights and the configs, or nothing", async () => {
    const out = join(folder, "out");
    expect(await exportOnnx(tinyModel("vit"), { out })).toBe(join(out, "onnx/model.onnx"));
    expect(readdirSync(out).sort()).toEqual(["config.json", "onnx", "preprocessor_config.json"]);
    expect(readdirSync(join(out, "onnx")).sort()).toEqual(["model.onnx", "model.onnx_data"]);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))["transformers.js_config"]).toEqual({
      use_external_data_format: { "model.onnx": 1 },
    });
    await expect(exportOnnx(tinyModel("vit"), { out })).rejects.toMatchObject({ code: "quantize/output" });
    const stopped = { out: join(folder, "never"), signal: AbortSignal.abort(new Error("enough")) };
    await expect(exportOnnx(tinyModel("vit"), stopped)).rejects.toThrow("enough");
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("beside weights that lie behind a link is refused", async () => {
    const linked = join(folder, "linked");
    cpSync(tinyModel("vit"), linked, { recursive: true });
    mkdirSync(join(folder, "blobs"));
    renameSync(join(linked, "model.safetensors"), join(folder, "blobs/0123"));
    symlinkSync(join(folder, "blobs/0123"), join(linked, "model.safetensors"));
    await expect(exportOnnxBeside(linked)).rejects.toMatchObject({ code: "input/not-beside" });
    expect(existsSync(join(linked, "model.onnx"))).toBe(false);
  });
});

describe.skipIf(!isInstalled)(`ONNX Runtime on an exported graph${REASON}`, () => {
  beforeEach(workWhereItIs);

  it.each(["vit", "vit-bf16", "eva-base", "eva-tiny", "vit-bare"])("gives the numbers of %s", async (name) => {
    await using model = await loadModel(tinyModel(name), { engine: "vitrail" });
    const { height, width } = model.config.architecture.image;
    const [values, shape] = [noise(2 * height * width * 3), [2, height, width, 3] as [number, number, number, number]];
    const names = model.labels.length > 0 ? (["logits", "embedding"] as const) : (["embedding"] as const);
    const wanted = await model.runTensor(values, shape, { outputs: names });
    const own = join(folder, "beside");
    cpSync(tinyModel(name), own, { recursive: true });
    for (const graph of [
      await exportOnnx(tinyModel(name), { out: join(folder, "out") }),
      await exportOnnxBeside(own),
    ]) {
      const found = await runGraph(graph, values, shape);
      expect([...found.keys()].sort()).toEqual([...names].sort());
      for (const output of names) expect(farthest(found.get(output)!.data, wanted[output]!.data)).toBeLessThan(1e-5);
    }
  });

  it.each(Object.keys(FACE_MODELS) as FaceModelName[])("gives the numbers of BlazeFace %s", async (name) => {
    await useEngine({ engine: "vitrail" });
    const { build, size } = FACE_MODELS[name];
    const network = await loadNetwork(build, packageFile(`weights/blazeface/${name}.safetensors`));
    const values = noise(size * size * 3);
    const wanted = network.model.predict(tensor4d(values, [1, size, size, 3])) as { dataSync(): Float32Array }[];
    const found = await runGraph(await exportOnnx(`blazeface-${name}`, { out: folder }), values, [1, size, size, 3]);
    for (const [i, output] of ["classificators", "regressors"].entries())
      expect(farthest(found.get(output)!.data, wanted[i]!.dataSync())).toBeLessThan(2e-4);
    network.model.dispose();
  });
});
