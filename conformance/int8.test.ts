import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel, type VisionModel } from "../src/index.js";

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

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const cosine = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / norm(a) / norm(b);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("int8 weights on real photographs, against float32", () => {
  it("class token: cosine at least 0.998 each and 0.9995 in the mean; hidden states: relative L2 at most 0.035 in the mean, 0.07 each", async () => {
    await using exact = await loadModel(MODEL, { engine: "vitrail" });
    await using quantized = await loadModel(MODEL, { engine: "vitrail", dtype: "int8" });
    const [wanted, found] = [await hiddenStates(exact), await hiddenStates(quantized)];
    const cosines = wanted.map((values, i) => cosine(values.subarray(0, WIDTH), found[i]!.subarray(0, WIDTH)));
    const errors = wanted.map((values, i) => norm(values.map((value, j) => value - found[i]![j]!)) / norm(values));
    expect(wanted[0]).toHaveLength(TOKENS * WIDTH);
    expect(Math.min(...cosines)).toBeGreaterThanOrEqual(0.998);
    expect(mean(cosines)).toBeGreaterThanOrEqual(0.9995);
    expect(mean(errors)).toBeLessThanOrEqual(0.035);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.07);
  }, 120_000);
});
