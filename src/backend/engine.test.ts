import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { describeEngine, ENGINES, useEngine } from "./engine.js";

afterAll(() => useEngine({ engine: "cpu" }));

describe("useEngine", () => {
  it("takes our own backend unless told otherwise, and describes what runs", async () => {
    await useEngine({ threads: 2 });
    expect(describeEngine()).toEqual({
      engine: "vitrail",
      threads: 2,
      simd: expect.stringMatching(/^(relaxed|revectorized)$/),
      kernels: "fused",
      block: expect.stringMatching(/^\d+x\d+$/),
      memory: { inUse: expect.any(Number), peak: expect.any(Number) },
      skipped: [
        { engine: "tensorflow-gpu", reason: expect.stringContaining("@tensorflow/tfjs-node-gpu") },
        { engine: "webgpu", reason: expect.stringContaining("webgpu") },
        { engine: "tensorflow", reason: expect.stringContaining("@tensorflow/tfjs-node") },
      ],
    });
    await useEngine({ engine: "cpu" });
    expect(describeEngine()).toEqual({
      engine: "cpu",
      threads: 1,
      simd: "none",
      kernels: "composition",
      skipped: [],
    });
  });

  it("changes the number of threads, and keeps it when nothing is said", async () => {
    for (const [threads, expected] of [
      [1, 1],
      [3, 3],
      [undefined, 3],
      [2, 2],
    ] as const) {
      await useEngine({ engine: "vitrail", ...(threads && { threads }) });
      expect(describeEngine().threads).toBe(expected);
      const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([100, 64]), tf.ones([64, 100]))).dataSync()[0]);
      expect(sum).toBe(640_000);
    }
  });

  it.each([0, -1, 1.5, 33, Number.NaN])("refuses %s threads", async (threads) => {
    await expect(useEngine({ threads })).rejects.toMatchObject({ code: "input/threads" });
  });

  it("refuses an engine that it does not know, naming those it knows", async () => {
    const refused = useEngine({ engine: "quantum" as never });
    await expect(refused).rejects.toMatchObject({ code: "input/engine", message: expect.stringContaining(ENGINES[0]) });
  });
});
