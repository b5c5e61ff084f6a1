import { describe, expect, it } from "vitest";
import { HuffmanTable } from "./huffman-table.js";
import { ScanBits } from "./scan-bits.js";

/** `counts`: how many codes of 1, 2, 3 ... bits. */
const table = (counts: number[], symbols: number[]) => {
  const padded = new Uint8Array(16);
  padded.set(counts);
  return new HuffmanTable(padded, Uint8Array.from(symbols));
};

describe("HuffmanTable", () => {
  it("reads short and long codes", () => {
    // 0, 10, 110 and, of twelve bits, 111000000000.
    const codes = table([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [5, 6, 7, 8]);
    const bits = new ScanBits(Uint8Array.of(0b0_10_110_11, 0b1000_0000, 0b00_0_10_110, 0, 0, 0, 0), 0);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => codes.read(bits))).toEqual([5, 6, 7, 8, 5, 6, 7]);
  });

  it("takes 17 bits that are no code for 0, as libjpeg", () => {
    const codes = table([1], [9]);
    const bits = new ScanBits(Uint8Array.of(0x80, 0, 0, 0, 0, 0), 0);
    expect(codes.read(bits)).toBe(0);
    expect(codes.read(bits)).toBe(9);
    expect(bits.peek(8)).toBe(0);
  });

  it.each([
    ["a code of ones only", [2], [1, 2]],
    ["more codes than their length allows", [1, 3], [1, 2, 3, 4]],
  ])("refuses %s", (_, counts, symbols) => {
    expect(() => table(counts, symbols)).toThrow(expect.objectContaining({ code: "image/corrupt" }));
  });
});
