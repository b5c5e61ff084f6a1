import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";
import { tensorError } from "../src/tasks/compare.js";
import { ENGINES } from "./engines.js";
import { seededCheckpoint, seededImage, seededPixels } from "./seeded-weights.js";

const BATCH = 2e-6;

describe.each(ENGINES)('on "%s", a tiny model', (engine) => {
  const load = (name: string) => loadModel(join(import.meta.dirname, "models", name), { engine });
  const pictures = Array.from({ length: 8 }, (_, index) => seededPixels(`picture ${index}`, 40, 50));
  const options = { outputs: ["hidden.1", "hidden.2", "logits"] } as const;

  it.each(["vit", "eva-base"])(
    `gives a picture alone and in a batch of eight the same numbers within ${BATCH}: %s`,
    async (name) => {
      await using model = await load(name);
      const together = await model.run(pictures, options);
      for (const [index, picture] of pictures.entries()) {
        const alone = await model.run(picture, options);
        for (const output of options.outputs)
          expect(tensorError(together[index]![output].data, alone[output].data).relativeL2).toBeLessThanOrEqual(BATCH);
      }
    },
  );

  it.each(["vit", "eva-base"])("gives the same bits on every run: %s", async (name) => {
    await using model = await load(name);
    const once = await model.run(pictures[0]!, options);
    expect(await model.run(pictures[0]!, options)).toEqual(once);
  });
});

describe("the full-size ViT-B/16", () => {
  it(`gives a picture alone and in a batch of two the same numbers within ${BATCH}, and the same bits again`, async () => {
    await using model = await loadModel(await seededCheckpoint("vit-base"));
    const options = { outputs: ["hidden.12", "logits"] } as const;
    const pictures = [0, 1].map((index) => seededImage("vit-base", index));
    const together = await model.run(pictures, options);
    const alone = await model.run(pictures[1]!, options);
    expect(await model.run(pictures[1]!, options)).toEqual(alone);
    for (const output of options.outputs)
      expect(tensorError(together[1]![output].data, alone[output].data).relativeL2).toBeLessThanOrEqual(BATCH);
  }, 60_000);
});
