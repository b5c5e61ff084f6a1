import { describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";
import { BAR, firstDivergence } from "../src/tasks/compare.js";
import { FULL_SIZE_CASES } from "./cases.js";
import { runCase } from "./run-case.js";

/** A large picture takes seconds; `npm run conformance` runs all eight. */
const EXAMPLES: Record<string, number> = { "vit-small-patch14": 5, "vit-base": 8, "eva02-base": 4 };

describe(`full-size models are within ${BAR.relativeL2} times PyTorch's own error at every tensor`, () => {
  it.each(FULL_SIZE_CASES.map((test) => [test.name, test.shows, test] as const))(
    "%s: %s",
    async (name, _shows, test) => {
      expect(firstDivergence(await runCase(loadModel, test, { examples: EXAMPLES[name] }))).toBeUndefined();
    },
    240_000,
  );
});
