import { describe, expect, it } from "vitest";
import { attributeOfLabels, limitationsOf } from "./limitations.js";

describe("attributeOfLabels", () => {
  it.each([
    ["emotion", "sad disgust angry neutral fear surprise happy"],
    ["emotion", "anger contempt disgust fear happiness neutral sadness surprise"],
    ["age", "0-2 3-9 10-19 20-29 70+"],
    ["gender", "female male"],
    ["race", "White Black Latino_Hispanic East_Asian Southeast_Asian Indian Middle_Eastern"],
    [undefined, "neutral low medium high"],
    [undefined, "0 1 2 3 4 5 6 7 8 9"],
    [undefined, "tabby tiger_cat white_wolf"],
    [undefined, "LABEL_0 LABEL_1"],
    [undefined, "happy"],
  ])("%s: %s", (attribute, labels) => {
    expect(attributeOfLabels(labels.split(" "))).toBe(attribute);
  });
});

describe("limitationsOf", () => {
  it("tells those of the asked attributes, each once, and the law on emotions", () => {
    expect(limitationsOf(["hat"])).toEqual([]);
    expect(limitationsOf(["race"])).toEqual([expect.stringMatching(/^Race: .*5\(1\)\(g\)/)]);
    expect(limitationsOf(["age", "emotion", "emotion"])).toEqual([
      expect.stringMatching(/^Emotion: /),
      expect.stringMatching(/^Age: /),
      expect.stringMatching(/5\(1\)\(f\)/),
    ]);
  });
});
