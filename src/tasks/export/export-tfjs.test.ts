import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withShapesOnly } from "../../backend/shape-backend.js";
import { FACE_MESH, faceMesh } from "../../models/face-mesh.js";
import { stockLayers } from "../../models/stock/stock-layers.js";
import { tinyModel, withChangedModel } from "../model-folder.testing.js";
import { exportTfjs } from "./export-tfjs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-tfjs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a LayersModel", () => {
  it("is a folder with its layers, its weights and the configs, the same each time, or nothing", async () => {
    const out = join(folder, "out");
    expect(await exportTfjs(tinyModel("eva-tiny"), { out })).toBe(join(out, "model.json"));
    expect(readdirSync(out).sort()).toEqual(["config.json", "group1-shard1of1.bin", "model.json"]);
    const text = readFileSync(join(out, "model.json"), "utf8");
    const { format, weightsManifest } = JSON.parse(text);
    expect(format).toBe("layers-model");
    expect(text).not.toMatch(/Vitrail/);
    const bytes = (weightsManifest[0].weights as { shape: number[] }[])
      .map(({ shape }) => shape.reduce((product, length) => product * length, 4))
      .reduce((sum, one) => sum + one);
    expect(statSync(join(out, "group1-shard1of1.bin")).size).toBe(bytes);

    await exportTfjs(tinyModel("eva-tiny"), { out: join(folder, "again") });
    expect(readFileSync(join(folder, "again/model.json"), "utf8")).toBe(text);

    await expect(exportTfjs(tinyModel("eva-tiny"), { out })).rejects.toMatchObject({ code: "quantize/output" });
    const stopped = { out: join(folder, "never"), signal: AbortSignal.abort(new Error("enough")) };
    await expect(exportTfjs(tinyModel("eva-tiny"), stopped)).rejects.toThrow("enough");
    expect(readdirSync(folder).sort()).toEqual(["again", "out"]);
  });

  it("is not written of weights that are no numbers", async () => {
    const damage = (tensors: Map<string, { bytes: Uint8Array }>) => {
      const [, tensor] = [...tensors].find(([name]) => name.endsWith("layer.1.output.dense.weight"))!;
      tensor.bytes.fill(0xff, 0, 4);
    };
    await withChangedModel("vit", { weights: damage }, async (broken) => {
      const exported = exportTfjs(broken, { out: join(folder, "out") });
      await expect(exported).rejects.toMatchObject({ code: "checkpoint/not-finite" });
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused of a model with a layer that TF.js's own can't say, which is named", async () => {
    const layers = withShapesOnly(() => {
      const { model, outputs } = faceMesh(FACE_MESH);
      return stockLayers({ input: model.inputs[0]!, outputs });
    });
    await expect(layers).rejects.toMatchObject({ code: "checkpoint/export", details: { kind: "VitrailPrelu" } });
  });
});
