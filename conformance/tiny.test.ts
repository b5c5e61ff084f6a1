import { beforeAll, describe, expect, it } from "vitest";
import { useConfiguration } from "../src/backend/kernel.testing.js";
import { describeEngine, loadModel } from "../src/index.js";
import { BAR, firstDivergence } from "../src/tasks/compare.js";
import { TINY_CASES } from "./cases.js";
import { ENGINES } from "./engines.js";
import { runCase } from "./run-case.js";

const describeTinyModels = (engine: (typeof ENGINES)[number]) =>
  it.each(TINY_CASES.map((test) => [test.name, test.shows, test] as const))("%s: %s", async (_name, _shows, test) => {
    expect(firstDivergence(await runCase(loadModel, test, { engine }))).toBeUndefined();
  });

describe(`tiny models are within ${BAR.relativeL2} times PyTorch's own error at every tensor`, () => {
  describe.each(ENGINES)('on "%s"', describeTinyModels);

  // Last, since it replaces the engine of this process: a machine without relaxed SIMD rounds every product.
  describe("with plain SIMD", () => {
    beforeAll(async () => {
      await useConfiguration("plain SIMD and memory, 1 thread");
      expect(describeEngine().simd).toBe("plain");
    });
    describeTinyModels("vitrail");
  });
});
