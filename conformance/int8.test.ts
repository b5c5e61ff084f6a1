import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backend } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VitrailBackend } from "../src/backend/vitrail-backend.js";
import { loadModel, quantize, type VisionModel } from "../src/index.js";

const PHOTOS = join(import.meta.dirname, "photos");
const MODEL = join(import.meta.dirname, "../weights/vit-small-patch14");
/** Every fifth photograph, so that the test takes seconds. */
const photographs = readdirSync(PHOTOS)
  .filter((name) => /\.(jpe?g|png)$/.test(name))
  .filter((_, i) => i % 5 === 0)
  .map((name) => join(PHOTOS, name));

const TOKENS = 257;
const WIDTH = 384;

/** Last hidden states as PyTorch's `last_hidden_state`: what comes out of the final norm. `[TOKENS, WIDTH]` each */
async function hiddenStates(model: VisionModel): Promise<Float32Array[]> {
  const last = "tokens";
  const results: Float32Array[] = [];
  for (const photograph of photographs) results.push((await model.run(photograph, { outputs: [last] }))[last]!.data);
  return results;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const cosine = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / norm(a) / norm(b);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How near float32 int8 has to stay, by the kind of integers that the machine multiplies. ONNX Runtime's own dynamic quantization with weights
 * per channel: cosines of 0.99919 in the mean and 0.99634 at least, relative L2 0.043 in the mean and 0.099 at most.
 */
const BARS = {
  u8: { cosine: 0.998, meanCosine: 0.9995, error: 0.07, meanError: 0.035 },
  u7: { cosine: 0.9975, meanCosine: 0.9992, error: 0.09, meanError: 0.04 },
};

const holdTo = (bars: (typeof BARS)["u8"], wanted: Float32Array[], found: Float32Array[]) => {
  const cosines = wanted.map((values, i) => cosine(values.subarray(0, WIDTH), found[i]!.subarray(0, WIDTH)));
  const errors = wanted.map((values, i) => norm(values.map((value, j) => value - found[i]![j]!)) / norm(values));
  expect(Math.min(...cosines)).toBeGreaterThanOrEqual(bars.cosine);
  expect(mean(cosines)).toBeGreaterThanOrEqual(bars.meanCosine);
  expect(mean(errors)).toBeLessThanOrEqual(bars.meanError);
  expect(Math.max(...errors)).toBeLessThanOrEqual(bars.error);
};

describe("int8 weights on real photographs, against float32", () => {
  let folder: string;
  let wanted: Float32Array[];
  let atLoad: Float32Array[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vitrail-int8-"));
    await using exact = await loadModel(MODEL, { engine: "vitrail" });
    await using quantized = await loadModel(MODEL, { engine: "vitrail", dtype: "int8" });
    wanted = await hiddenStates(exact);
    atLoad = await hiddenStates(quantized);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  const bars = () => BARS[(backend() as VitrailBackend).plan.quantized.kind === "u7" ? "u7" : "u8"];

  it("class token: cosine at least 0.998 each and 0.9995 in the mean; hidden states: relative L2 at most 0.035 in the mean, 0.07 each; of 7 bits a little less, and more than ONNX Runtime's", () => {
    expect(wanted[0]).toHaveLength(TOKENS * WIDTH);
    holdTo(bars(), wanted, atLoad);
  });

  it("a folder that quantize wrote keeps the same bar, with the same bits", async () => {
    const out = join(folder, "int8");
    const report = await quantize(MODEL, { calibrate: photographs.slice(0, 2), out, engines: [] });
    expect(report.size.after / report.size.before).toBeLessThan(0.52); // of a file of float16
    await using saved = await loadModel(out);
    expect(saved.dtype).toBe("int8");
    const found = await hiddenStates(saved);
    holdTo(bars(), wanted, found);
    for (const [i, values] of found.entries()) expect(bytesOf(values).equals(bytesOf(atLoad[i]!))).toBe(true);
  }, 120_000);
});
