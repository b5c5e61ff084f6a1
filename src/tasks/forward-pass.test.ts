import { backend } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { describeEngine } from "../backend/engine.js";
import type { VitrailBackend } from "../backend/vitrail-backend.js";
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

describe("a model on the engine vitrail", () => {
  const engine = "vitrail" as const;
  const run = { outputs: ["logits"] as const };

  it("ends the pass that runs when it is disposed, refuses the next, and leaves nothing in the engine's memory", async () => {
    const model = await loadModel(tinyModel("vit"), { engine });
    const before = await model.run(picture, run);
    const running = [model.run(picture, run), model.run(picture, run)];
    const disposed = model.dispose();
    const late = model.run(picture, run);
    await expect(late).rejects.toMatchObject({ code: "input/disposed" });
    for (const pass of await Promise.allSettled(running))
      expect(pass.status === "fulfilled" ? pass.value : pass.reason).toEqual(
        pass.status === "fulfilled" ? before : expect.objectContaining({ code: "input/disposed" }),
      );
    await disposed;
    const { pool } = backend() as VitrailBackend;
    expect(pool.size).toBe(describeEngine().threads);
    expect((backend() as VitrailBackend).numDataIds()).toBe(0);
  });

  it("an abort takes its call out of the queue, and the others give what they give alone", async () => {
    await using model = await loadModel(tinyModel("vit"), { engine });
    const alone = await model.run(picture, run);
    const controller = new AbortController();
    const calls = [
      model.run(picture, run),
      model.run(picture, { ...run, signal: controller.signal }),
      model.run(picture, run),
    ];
    controller.abort(new Error("enough"));
    const [first, second, third] = await Promise.allSettled(calls);
    expect(first).toMatchObject({ value: alone });
    expect(second).toMatchObject({ status: "rejected", reason: { message: "enough" } });
    expect(third).toMatchObject({ value: alone });
  });
});
