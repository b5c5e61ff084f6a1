import { describe, expect, it } from "vitest";
import { flatten, float32, signed, text, unsigned } from "./bytes.js";

describe("LEB128", () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("unsigned %i", (value, bytes) => expect(unsigned(value)).toEqual(bytes));

  it.each([
    [0, [0]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])("signed %i", (value, bytes) => expect(signed(value)).toEqual(bytes));
});

it("code is flattened in order, names are counted, numbers are little-endian", () => {
  expect(flatten([1, [2, [3], []], 4])).toEqual([1, 2, 3, 4]);
  expect(flatten(text("é"))).toEqual([2, 0xc3, 0xa9]);
  expect(float32(1)).toEqual([0, 0, 0x80, 0x3f]);
});
