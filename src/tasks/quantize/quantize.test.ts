import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor } from "../../io/read-safetensors.js";
import { loadModel } from "../load-model.js";
import { tinyModel, withChangedModel } from "../model-folder.testing.js";
import type { QuantizationReport } from "./quantization-report.js";
import { quantize } from "./quantize.js";
import type { QuantizeOptions } from "./quantize-options.js";

const PICTURES = join(import.meta.dirname, "../../../conformance/photos");
const FEW = ["chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "hopper.jpg", "retina.jpg"];

let folder: string;
let photos: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-quantize-"));
  photos = join(folder, "photos");
  mkdirSync(photos);
  for (const name of FEW) cpSync(join(PICTURES, name), join(photos, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const fresh = () => join(folder, `out-${count++}`);
const run = (source: string, options: Partial<QuantizeOptions> = {}) =>
  quantize(source, { calibrate: photos, out: fresh(), engines: ["vitrail"], ...options });
/** What a failed call left. */
const leftovers = () => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

/** A matrix with one row whose few outliers leave nothing of its other numbers in 8 bits. */
const SABOTAGED = "vit.encoder.layer.1.output.dense";
const sabotage = (tensors: Map<string, StoredTensor>) => {
  const name = `${SABOTAGED}.weight`;
  const tensor = tensors.get(name)!;
  const values = new Float32Array(tensor.bytes.slice().buffer);
  const columns = tensor.shape[1]!;
  for (let row = 0; row < tensor.shape[0]!; row++) values[row * columns] = 1000 * (values[row * columns]! || 1e-3);
  tensors.set(name, { ...tensor, bytes: new Uint8Array(values.buffer) });
};

describe("quantize", () => {
  it("writes a folder that gives bit for bit what quantizing at load gives, and a report", async () => {
    const out = fresh();
    const report = await run(tinyModel("vit"), { out });
    expect(readdirSync(out).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "preprocessor_config.json",
      "report.html",
      "report.json",
    ]);
    await using saved = await loadModel(out);
    await using atLoad = await loadModel(tinyModel("vit"), { dtype: "int8" });
    for (const name of FEW)
      expect(await saved.run(join(photos, name), { outputs: ["logits", "tokens"] })).toEqual(
        await atLoad.run(join(photos, name), { outputs: ["logits", "tokens"] }),
      );
    const written = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as QuantizationReport;
    expect(written).toEqual(JSON.parse(JSON.stringify(report)));
    expect(written.pictures).toBe(FEW.length);
    expect(written.cosine.least).toBeGreaterThan(0.99);
    expect(written.cosine.least).toBeLessThan(1);
    expect(written.layers.every(({ error }) => error > 0 && error < 0.1)).toBe(true);
    expect(written.size.after).toBeLessThan(written.size.before);
    expect(written.speed).toEqual([{ engine: "vitrail", before: expect.any(Number), after: expect.any(Number) }]);
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).not.toMatch(/<script|src="http|href="http/);
    for (const { name } of written.layers) expect(page).toContain(name);
  });

  it("stores int8 beside scales, and leaves all else as it was", async () => {
    const out = fresh();
    await run(tinyModel("vit"), { out });
    const before = readSafetensors(readFileSync(join(tinyModel("vit"), "model.safetensors"))).tensors;
    const after = readSafetensors(readFileSync(join(out, "model.safetensors"))).tensors;
    for (const [name, tensor] of before) {
      const isMatrix = /encoder\.layer\.\d+\..*weight$/.test(name) && tensor.shape.length === 2;
      const found = after.get(name)!;
      expect(found.shape).toEqual(tensor.shape);
      if (!isMatrix) expect(found).toEqual(tensor);
      else {
        expect(found.dtype).toBe("I8");
        expect(after.get(`${name}_scale`)).toMatchObject({ dtype: "F32", shape: [tensor.shape[0], 1] });
      }
    }
  });

  it("float16 gives the bits of rounding at load, and is an ordinary folder", async () => {
    const out = fresh();
    const report = await run(tinyModel("vit"), { out, dtype: "float16" });
    expect(report.cosine.least).toBeGreaterThan(0.99999);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).not.toHaveProperty("quantization_config");
    await using saved = await loadModel(out, { engine: "vitrail" });
    await using atLoad = await loadModel(tinyModel("vit"), { dtype: "float16" });
    const outputs = { outputs: ["tokens"] } as const;
    expect(await saved.run(join(photos, FEW[0]!), outputs)).toEqual(await atLoad.run(join(photos, FEW[0]!), outputs));
  });

  it.each(["eva-tiny", "timm-vit", "vit-sharded"])("%s: fused, gated and sharded weights too", async (name) => {
    const out = fresh();
    const report = await run(tinyModel(name), { out });
    expect(report.layers.every(({ stored }) => stored === "int8")).toBe(true);
    await using saved = await loadModel(out);
    await using atLoad = await loadModel(tinyModel(name), { dtype: "int8" });
    const picture = join(photos, FEW[1]!);
    expect(await saved.embed(picture)).toEqual(await atLoad.embed(picture));
  });

  it("the report has the blocks in their order, the tenth behind the ninth", async () => {
    const { layers } = await run(tinyModel("vit-deep"));
    const blocks = layers.map(({ name }) => Number(/\d+/.exec(name)![0]));
    expect(new Set(blocks).size).toBe(12);
    expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
  });

  it("a sabotaged layer is found, named and kept: it alone, where that is enough", async () => {
    await withChangedModel("vit", { weights: sabotage }, async (source) => {
      const intact = await run(tinyModel("vit"));
      const broken = await run(source);
      expect(broken.cosine.least).toBeLessThan(intact.cosine.least);
      const worst = [...broken.layers].sort((a, b) => b.error - a.error)[0]!;
      expect(worst.name).toBe(SABOTAGED);
      const cosine = (1 + 3 * Math.max(broken.cosine.least, 0)) / 4;
      const refused = run(source, { budget: { cosine } });
      await expect(refused).rejects.toMatchObject({ code: "quantize/budget", details: { keep: [SABOTAGED] } });
      const out = fresh();
      const kept = await run(source, { out, budget: { cosine }, keepWorst: "auto" });
      expect(kept.layers.filter(({ stored }) => stored === "as it was").map(({ name }) => name)).toEqual([SABOTAGED]);
      expect(kept.sensitivities![0]!.name).toBe(SABOTAGED);
      expect(kept.cosine.least).toBeGreaterThanOrEqual(cosine);
      const one = await run(source, { keepWorst: 1 });
      expect(one.layers).toEqual(kept.layers);
      const { tensors } = readSafetensors(readFileSync(join(out, "model.safetensors")));
      expect(tensors.get(`${SABOTAGED}.weight`)!.dtype).toBe("F32");
    });
  }, 60_000);

  it("a layer with numbers beyond float16 stays as it is", async () => {
    const huge = (tensors: Map<string, StoredTensor>) => {
      const tensor = tensors.get(`${SABOTAGED}.weight`)!;
      const values = new Float32Array(tensor.bytes.slice().buffer);
      values[3] = 70000;
      tensors.set(`${SABOTAGED}.weight`, { ...tensor, bytes: new Uint8Array(values.buffer) });
    };
    await withChangedModel("vit", { weights: huge }, async (source) => {
      const report = await run(source, { dtype: "float16" });
      expect(report.layers.filter(({ stored }) => stored !== "float16").map(({ name }) => name)).toEqual([SABOTAGED]);
    });
  });

  it("layers that are named stay, with the attentions' products", async () => {
    const report = await run(tinyModel("vit"), { keep: [SABOTAGED, "attention"] });
    expect(report.attention).toBe("float32");
    expect(report.layers.find(({ name }) => name === SABOTAGED)).toMatchObject({ stored: "as it was", error: 0 });
  });

  it("broken pictures among good ones are left out and counted", async () => {
    const mixed = join(folder, "mixed");
    cpSync(photos, mixed, { recursive: true });
    writeFileSync(join(mixed, "broken.jpg"), "no picture");
    const report = await run(tinyModel("vit"), { calibrate: mixed });
    expect(report.pictures).toBe(FEW.length);
    expect(report.omitted).toMatchObject([{ name: "broken.jpg", code: expect.stringMatching(/^image\//) }]);
  });
});

describe("quantize refuses", () => {
  const refusal = async (source: string, options: Partial<QuantizeOptions>, code: string) => {
    const out = options.out ?? fresh();
    await expect(run(source, { out, ...options })).rejects.toMatchObject({ code });
    expect(leftovers()).toEqual([]);
  };

  it("a folder without pictures, one of only broken ones, and none at all", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await refusal(tinyModel("vit"), { calibrate: empty }, "quantize/no-pictures");
    writeFileSync(join(empty, "broken.png"), "no picture");
    await refusal(tinyModel("vit"), { calibrate: empty }, "quantize/no-pictures");
    await refusal(tinyModel("vit"), { calibrate: join(folder, "nowhere") }, "quantize/no-pictures");
    await refusal(tinyModel("vit"), { calibrate: join(photos, FEW[0]!) }, "quantize/no-pictures");
    await refusal(tinyModel("vit"), { calibrate: [] }, "quantize/no-pictures");
  });

  it("an output with files, one that is a file, and one that can't be made", async () => {
    const full = fresh();
    mkdirSync(full);
    writeFileSync(join(full, "own.txt"), "mine");
    await refusal(tinyModel("vit"), { out: full }, "quantize/output");
    expect(readFileSync(join(full, "own.txt"), "utf8")).toBe("mine");
    await refusal(tinyModel("vit"), { out: join(full, "own.txt") }, "quantize/output");
    await refusal(tinyModel("vit"), { out: join(full, "own.txt", "below") }, "quantize/output");
  });

  it("what is quantized already", async () => {
    const out = fresh();
    await run(tinyModel("vit"), { out });
    await refusal(out, {}, "quantize/already");
    await refusal(tinyModel("vit-f16"), { dtype: "float16" }, "quantize/already");
  });

  it("a budget that can't be met, however many layers are kept", async () => {
    await refusal(tinyModel("vit"), { budget: { cosine: 1 }, keepWorst: "auto" }, "quantize/budget");
    await refusal(tinyModel("vit"), { budget: { cosine: 0.999999 }, keepWorst: 1 }, "quantize/budget");
  }, 30_000);

  it.each<[string, Partial<QuantizeOptions>]>([
    ["a dtype", { dtype: "int4" as "int8" }],
    ["no budget's name", { budget: { cosines: 1 } as object }],
    ["a budget beyond 1", { budget: { cosine: 1.1 } }],
    ["an empty budget", { budget: {} }],
    ["keepWorst", { keepWorst: -1 }],
    ["auto without a budget", { keepWorst: "auto" }],
    ["an engine", { engines: ["none" as "cpu"] }],
    ["an unknown option", { kept: 3 } as object],
  ])("%s", (_, options) => refusal(tinyModel("vit"), options, "input/option"));

  it("a layer that there is not", () => refusal(tinyModel("vit"), { keep: ["head"] }, "checkpoint/layer"));

  it("to go on when it is aborted", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const progress = () => stop.abort(reason);
    const out = fresh();
    await expect(run(tinyModel("vit"), { out, signal: stop.signal, progress })).rejects.toBe(reason);
    expect(leftovers()).toEqual([]);
  });
});
