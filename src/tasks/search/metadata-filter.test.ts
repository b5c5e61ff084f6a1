import { describe, expect, it } from "vitest";
import { type Filter, predicateOf } from "./metadata-filter.js";

const cat = { label: "cat", year: 2020, tags: ["pet", "fur"], seen: null, big: false };

describe("a filter", () => {
  it.each<[Filter, boolean]>([
    [{}, true],
    [{ label: "cat" }, true],
    [{ label: "dog" }, false],
    [{ label: "cat", year: 2021 }, false],
    [{ tags: "fur" }, true],
    [{ tags: "scales" }, false],
    [{ seen: null, big: false }, true],
    [{ missing: null }, false],
    [{ label: { in: ["dog", "cat"] } }, true],
    [{ label: { in: [] } }, false],
    [{ label: { notIn: ["dog"] } }, true],
    [{ missing: { notIn: ["dog"] } }, true],
    [{ tags: { notIn: ["pet"] } }, false],
    [{ year: { gte: 2020, lt: 2021 } }, true],
    [{ year: { gt: 2020 } }, false],
    [{ year: { lte: 2019 } }, false],
    [{ year: { gte: "2020" } }, false],
    [{ label: { gt: "car" } }, true],
    [{ toString: { notIn: [1] } }, true],
    [{ constructor: { gte: "" } }, false],
  ])("%j of a cat's metadata is %s", (filter, wanted) => {
    expect(predicateOf(filter)(cat)).toBe(wanted);
  });

  it.each([
    [null],
    [[]],
    ["x"],
    [{ a: undefined }],
    [{ a: [1] }],
    [{ a: { in: 1 } }],
    [{ a: { in: [{}] } }],
    [{ a: { gt: null } }],
    [{ a: { gt: Number.NaN } }],
    [{ a: { near: 1 } }],
    [{ a: Number.NaN }],
  ])("%j is refused as search/filter", (filter) => {
    expect(() => predicateOf(filter as never)).toThrow(expect.objectContaining({ code: "search/filter" }));
  });
});
