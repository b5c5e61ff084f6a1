import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { splitExamples } from "./split-examples.js";

const examples = Array.from({ length: 100 }, (_, i) => ({
  hash: createHash("sha256").update(String(i)).digest("hex"),
  labels: [i < 70 ? "often" : i < 99 ? "seldom" : "once"],
}));

describe("splitExamples", () => {
  it("takes the same share of each label, and keeps a label's only picture to learn from", () => {
    const { training, validation } = splitExamples(examples, 0.2, 0);
    const count = (label: string) => validation.filter(({ labels }) => labels[0] === label).length;
    expect([count("often"), count("seldom"), count("once")]).toEqual([14, 6, 0]);
    expect(new Set([...training, ...validation])).toEqual(new Set(examples));
    expect(training.length + validation.length).toBe(100);
  });

  it("depends on what the pictures are and on the seed, not on their order", () => {
    const hashes = (list: typeof examples, seed: number) =>
      splitExamples(list, 0.2, seed)
        .validation.map(({ hash }) => hash)
        .sort();
    expect(hashes([...examples].reverse(), 0)).toEqual(hashes(examples, 0));
    expect(hashes(examples, 1)).not.toEqual(hashes(examples, 0));
  });

  it("takes none for a share of 0", () => {
    expect(splitExamples(examples, 0, 0).validation).toEqual([]);
  });
});
