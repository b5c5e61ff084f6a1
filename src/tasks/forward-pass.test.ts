import { describe, expect, it } from "vitest";
import { describeEngine } from "../backend/engine.js";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";

const picture = { data: new Uint8Array(32 * 32 * 3).fill(90), width: 32, height: 32, channels: 3 as const };

describe("models on two engines", () => {
  it("each run on the engine that they were loaded on, even when loaded at once", async () => {
    const models = await Promise.all(
      (["cpu", "vitrail"] as const).map((engine) => loadModel(tinyModel("vit"), { engine })),
    );
    const alone = [];
    for (const engine of ["cpu", "vitrail"] as const) {
      await using model = await loadModel(tinyModel("vit"), { engine });
      alone.push(await model.run(picture, { outputs: ["logits"] }));
    }
    expect(alone[0]).not.toEqual(alone[1]); // their last bits differ, which tells the engines apart
    for (const _ of [1, 2])
      for (const [index, model] of models.entries()) {
        expect(await model.run(picture, { outputs: ["logits"] })).toEqual(alone[index]);
        expect(describeEngine().engine).toBe(["cpu", "vitrail"][index]);
      }
    for (const model of models) await model.dispose();
  });
});
