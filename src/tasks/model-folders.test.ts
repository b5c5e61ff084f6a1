import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exportOnnx, exportOnnxBeside } from "./export/export-onnx.js";
import { exportTfjs } from "./export/export-tfjs.js";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import { isInstalled, REASON, workWhereItIs } from "./onnx/onnxruntime.testing.js";
import { asOrdinaryUser } from "./ordinary-user.testing.js";
import { quantize } from "./quantize/quantize.js";

const PICTURE = join(import.meta.dirname, "../../conformance/photos/hopper.png");

let folder: string;
let model: string;
let free: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-folders-"));
  chmodSync(folder, 0o755);
  model = join(folder, "model");
  cpSync(tinyModel("vit"), model, { recursive: true });
  free = join(folder, "free");
  mkdirSync(free);
  chmodSync(free, 0o777);
});
afterEach(() => {
  vi.restoreAllMocks();
  chmodSync(model, 0o755);
  rmSync(folder, { recursive: true });
});

/** All that stands in the model's folder, hidden drafts too. */
const files = () => readdirSync(model).sort();
const calibration = () => ({ calibrate: [readFileSync(PICTURE)], engines: [] });

describe("a model in a folder that is read-only", () => {
  it("is run, quantized and exported into other folders", async () => {
    const before = files();
    chmodSync(model, 0o555);
    await asOrdinaryUser(async () => {
      await using loaded = await loadModel(model, { engine: "vitrail" });
      expect(await loaded.classify(readFileSync(PICTURE))).toHaveLength(7);
      await quantize(model, { ...calibration(), out: join(free, "int8") });
      await exportOnnx(model, { out: join(free, "onnx") });
      await exportTfjs(model, { out: join(free, "tfjs") });
    });
    expect(readdirSync(free).sort()).toEqual(["int8", "onnx", "tfjs"]);
    expect(files()).toEqual(before);
  });

  it.skipIf(!isInstalled)(`is run by ONNX Runtime, over its bytes${REASON}`, async () => {
    workWhereItIs();
    chmodSync(model, 0o555);
    await asOrdinaryUser(async () => {
      await using loaded = await loadModel(model, { engine: "onnxruntime" });
      expect(await loaded.classify(readFileSync(PICTURE))).toHaveLength(7);
    });
  });

  it("gets nothing beside it or within it: the error names the folder, and no draft is left", async () => {
    const before = files();
    chmodSync(model, 0o555);
    await asOrdinaryUser(async () => {
      const within = { out: join(model, "within") };
      const named = { message: expect.stringContaining(model) };
      await expect(exportOnnxBeside(model)).rejects.toMatchObject({ code: "input/not-beside", ...named });
      await expect(exportOnnx(model, within)).rejects.toMatchObject({ code: "quantize/output", ...named });
      await expect(exportTfjs(model, within)).rejects.toMatchObject({ code: "quantize/output", ...named });
      const quantized = quantize(model, { ...calibration(), ...within });
      await expect(quantized).rejects.toMatchObject({ code: "quantize/output", ...named });
    });
    expect(files()).toEqual(before);
  });
});

describe("a folder that is moved while its model is in use", () => {
  it("is no matter to a model that is loaded", async () => {
    await using loaded = await loadModel(model, { engine: "vitrail" });
    const before = await loaded.classify(PICTURE);
    renameSync(model, join(folder, "elsewhere"));
    expect(await loaded.classify(PICTURE)).toEqual(before);
    renameSync(join(folder, "elsewhere"), model);
  });

  it.each(["layers", "timing"] as const)(
    "ends quantize, in its stage %s, with a copy or an error, never half of one",
    async (stage) => {
      const out = join(free, "int8");
      let moved = false;
      const quantized = quantize(model, {
        ...calibration(),
        out,
        keepWorst: 1,
        progress: (event) => {
          if (event.stage !== stage || moved) return;
          moved = true;
          renameSync(model, join(folder, "elsewhere"));
        },
      });
      const error = await quantized.then(
        () => undefined,
        (reason) => reason,
      );
      expect(moved).toBe(true);
      renameSync(join(folder, "elsewhere"), model);
      if (error) expect(error).toMatchObject({ code: expect.stringMatching(/^(checkpoint|input|weights)\//) });
      expect(readdirSync(free)).toEqual(error ? [] : ["int8"]);
      if (!error) await (await loadModel(out)).dispose();
    },
  );
});
