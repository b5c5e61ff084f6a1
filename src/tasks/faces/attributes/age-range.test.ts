import { describe, expect, it } from "vitest";
import { ageRange, ageRangeText, middleOf } from "./age-range.js";

describe("ageRange", () => {
  it.each([
    ["20-29", [20, 29], 24.5],
    ["0-2", [0, 2], 1],
    ["more than 70", [70, 122], 75],
    ["70+", [70, 122], 75],
    [">= 60", [60, 122], 65],
    ["(25, 32)", [25, 32], 28.5],
    ["3 to 9 years old", [3, 9], 6],
    ["age_10_19", [10, 19], 14.5],
    ["under 10", [0, 9], 4.5],
    ["<= 10", [0, 10], 5],
    ["up to 10", [0, 10], 5],
    ["60+", [60, 122], 65],
    ["70 or older", [70, 122], 75],
    ["≥ 80", [80, 122], 85],
    ["20s", [20, 29], 24.5],
    ["06-07", [6, 7], 6.5],
    ["20~29", [20, 29], 24.5],
    ["Age: 20–29", [20, 29], 24.5],
    ["34", [34, 34], 34],
  ])("reads %j as %j years with the middle %d", (label, range, middle) => {
    expect(ageRange(label)).toEqual(range);
    expect(middleOf(ageRange(label)!)).toBe(middle);
  });

  it.each(["20-29", "70+", "34"])("is written as %s", (text) => {
    expect(ageRangeText(ageRange(text)!)).toBe(text);
  });

  it.each(["young", "LABEL_1", "under 0", "25s", "", "29-20", "5-500", "1-2-3", "twenty"])(
    "does not take %j for an age",
    (label) => {
      expect(ageRange(label)).toBeUndefined();
    },
  );
});
