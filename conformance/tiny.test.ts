import { describe, expect, it } from "vitest";
import { ENGINES } from "../src/backend/engine.js";
import { loadModel } from "../src/index.js";
import { BAR, firstDivergence } from "../src/tasks/compare.js";
import { TINY_CASES } from "./cases.js";
import { runCase } from "./run-case.js";

describe.each(ENGINES)(
  `on "%s", tiny models are within ${BAR.relativeL2} times PyTorch's own error at every tensor`,
  (engine) => {
    it.each(TINY_CASES.map((test) => [test.name, test.shows, test] as const))("%s: %s", async (_name, _shows, test) => {
      expect(firstDivergence(await runCase(loadModel, test, { engine }))).toBeUndefined();
    });
  },
);
