import { describe, expect, it } from "vitest";
import { Linear } from "../src/nn/linear.js";
import { firstDivergence } from "../src/tasks/compare.js";
import { TINY_CASES } from "./cases.js";
import { FAULTS } from "./faults.js";
import { type Change, changedLayer, runCaseWith } from "./inject-fault.js";

const caseOf = (wanted: string) => TINY_CASES.find(({ name }) => name === wanted)!;

describe("the bar is low enough that every seeded fault misses it", () => {
  it("there are at least 24 faults", () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    expect(FAULTS.length).toBeGreaterThanOrEqual(24);
  });

  const unchanged: [where: string, change: Change][] = [
    ["files", { files: () => {} }],
    ["config", { understood: (config) => config }],
    ["pictures", { picture: (image) => image }],
    ["layers", changedLayer(Linear, (_, inputs, original) => original(inputs))],
  ];
  it.each(unchanged)("a change of %s that changes nothing passes", async (_where, change) => {
    expect(firstDivergence(await runCaseWith(change, caseOf("vit")))).toBeUndefined();
  });

  it.each(FAULTS.map((fault) => [fault.name, fault.caughtBy, fault.firstAt, fault.change] as const))(
    "%s: caught by %s at %s",
    async (_name, caughtBy, firstAt, change) => {
      expect(firstDivergence(await runCaseWith(change, caseOf(caughtBy)))).toContain(`"${firstAt}" is the first`);
    },
  );
});
