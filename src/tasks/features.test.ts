import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import type { VisionModel } from "./vision-model.js";

const WIDTH = 32;
const SIDE = 4;
const pictures = [0, 1, 2].map((seed) => ({
  data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * (seed + 3) * 37) % 256),
  ...{ width: 32, height: 32, channels: 3 as const },
}));
let vit: VisionModel;
let encoder: VisionModel;
let eva: VisionModel;
beforeAll(async () => {
  vit = await loadModel(tinyModel("vit"));
  encoder = await loadModel(tinyModel("vit-pooler"));
  eva = await loadModel(tinyModel("eva-tiny"));
});
afterAll(async () => {
  for (const model of [vit, encoder, eva]) await model.dispose();
});

describe("features", () => {
  it("are the embedding, the patches and the logits of each of three pictures, out of one pass for all", async () => {
    const before = vit.passes;
    const all = await vit.features(pictures);
    expect(vit.passes - before).toBe(1);
    const outputs = await vit.run(pictures, { outputs: ["embedding", "tokens", "logits"] });
    for (const [i, { embedding, patches, logits }] of all.entries()) {
      expect(embedding).toEqual(outputs[i]!.embedding.data);
      expect(patches.shape).toEqual([SIDE, SIDE, WIDTH]);
      expect(patches.data).toEqual(outputs[i]!.tokens.data.slice(WIDTH)); // but for the class token
      expect(logits).toEqual(outputs[i]!.logits.data);
    }
  });

  it("of a block are its tokens, pooled as asked, with the logits of the same pass", async () => {
    const before = vit.passes;
    const { embedding, patches, logits } = await vit.features(pictures[1]!, { layer: 1, normalize: false });
    expect(vit.passes - before).toBe(1);
    const outputs = await vit.run(pictures[1]!, { outputs: ["hidden.1", "logits"] });
    const { data } = outputs["hidden.1"];
    expect(embedding).toEqual(data.slice(0, WIDTH));
    expect(patches.data).toEqual(data.slice(WIDTH));
    expect(logits).toEqual(outputs.logits.data);
    const { embedding: mean } = await vit.features(pictures[1]!, { layer: 1, pool: "mean", normalize: false });
    for (let k = 0; k < WIDTH; k++) {
      let sum = 0;
      for (let patch = 0; patch < SIDE ** 2; patch++) sum += patches.data[patch * WIDTH + k]!;
      expect(mean[k]).toBeCloseTo(sum / SIDE ** 2, 5);
    }
    const unit = await vit.features(pictures[1]!, { layer: 1 });
    expect(Math.abs(Math.hypot(...unit.embedding) - 1)).toBeLessThan(1e-6);
  });

  it("of an encoder have no logits; EVA-02's vector is pooled from its patches", async () => {
    expect(await encoder.features(pictures[0]!)).not.toHaveProperty("logits");
    const { embedding, patches } = await eva.features(pictures[0]!);
    expect(embedding).toEqual(await eva.embed(pictures[0]!));
    expect(patches.shape).toHaveLength(3);
    expect(patches.data.length).toBe(patches.shape.reduce((product, size) => product * size));
  });

  it.each([{ layer: 3 }, { layer: -1 }, { layer: 1.5 }, { layer: 1, pool: "pooler" }, { block: 1 }])(
    "refuse %j",
    async (options) => {
      await expect(encoder.features(pictures[0]!, options as never)).rejects.toMatchObject({ code: "input/option" });
    },
  );
});
