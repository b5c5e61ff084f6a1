import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runForTest } from "../apps/cli/run-cli.testing.js";
import { decodeImage } from "../images/decode-image.js";
import { attentionRollout, explain } from "./explain.js";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import type { OutputName } from "./outputs.js";
import type { VisionModel } from "./vision-model.js";

const ROOT = join(import.meta.dirname, "../..");
const photo = (name: string) => join(ROOT, "conformance/photos", name);
const { shares } = JSON.parse(readFileSync(join(ROOT, "conformance/goldens/vit-small-rollout.json"), "utf8")) as {
  shares: Record<string, { class: number[]; mean: number[] }>;
};
let model: VisionModel;
beforeAll(async () => {
  model = await loadModel(join(ROOT, "weights/vit-small-patch14"));
});
afterAll(() => model.dispose());

describe.each(Object.keys(shares))("attention rollout of %s", (name) => {
  it("is NumPy's product of PyTorch's matrices within 0.1 % of the largest share, out of one pass", async () => {
    const before = model.passes;
    const { heat, image } = await explain(model, photo(name));
    expect(model.passes - before).toBe(1);
    expect(heat.shape).toEqual([16, 16]);
    const wanted = shares[name]!.class.slice(1);
    const largest = Math.max(...wanted);
    for (const [i, value] of heat.data.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3 * largest);
    const { width, height } = await decodeImage(readFileSync(photo(name)));
    expect(image).toMatchObject({ width, height, channels: 3 });
  });

  it("of all patches is the mean of their rows", async () => {
    const names = Array.from({ length: 12 }, (_, block): OutputName => `attention.${block}`);
    const outputs = await model.run(photo(name), { outputs: names });
    const found = attentionRollout(
      names.map((output) => outputs[output]!),
      "mean",
    );
    const wanted = shares[name]!.mean;
    for (const [i, value] of found.entries())
      expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3 * Math.max(...wanted));
    expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  });
});

describe("attentionRollout", () => {
  it.each([
    [[]],
    [[{ data: new Float32Array(4), shape: [2, 2] }]],
    [[{ data: new Float32Array(3), shape: [1, 2, 2] }]],
  ])("refuses %j", (attentions) => {
    expect(() => attentionRollout(attentions, "class")).toThrow(expect.objectContaining({ code: "input/attention" }));
  });
});

describe("explain", () => {
  it("runs on models that pool the mean, and on the command line", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vitrail-explain-"));
    try {
      const out = join(folder, "map.png");
      const argv = ["explain", tinyModel("eva-tiny"), photo("chelsea.png"), "--out", out, "--json"];
      const { code, json } = await runForTest(argv);
      expect(code).toBe(0);
      expect(json().heat.flat().length).toBeGreaterThan(3);
      expect(await decodeImage(readFileSync(out))).toMatchObject({ width: 451, height: 300 });
      expect((await runForTest([...argv.slice(0, 3)])).code).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
