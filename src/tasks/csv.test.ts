import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv.js";

describe("parseCsv", () => {
  it.each<[string, string, [line: number, cells: string[]][]]>([
    [
      "rows of cells",
      "a,b\nc,d",
      [
        [1, ["a", "b"]],
        [2, ["c", "d"]],
      ],
    ],
    [
      "Windows' newlines and a last newline",
      "a,b\r\nc,d\r\n",
      [
        [1, ["a", "b"]],
        [2, ["c", "d"]],
      ],
    ],
    [
      "quotes with commas, newlines and quotes in them",
      '"a,1","b\n""2"""\nc,d',
      [
        [1, ["a,1", 'b\n"2"']],
        [3, ["c", "d"]],
      ],
    ],
    [
      "empty cells, and no empty lines",
      "a,,\n\n,b,c\n",
      [
        [1, ["a", "", ""]],
        [3, ["", "b", "c"]],
      ],
    ],
    [
      "an empty cell at the very end",
      "a,b\nc,",
      [
        [1, ["a", "b"]],
        [2, ["c", ""]],
      ],
    ],
    ["nothing", "", []],
    [
      "a quote that never ends, as it stands",
      'a,"b\nc,d',
      [
        [1, ["a", '"b']],
        [2, ["c", "d"]],
      ],
    ],
  ])("reads %s", (_, text, rows) => {
    expect(parseCsv(text).map(({ line, cells }) => [line, cells])).toEqual(rows);
  });

  it("reads a million cells without a long quote taking long", () => {
    const start = performance.now();
    expect(parseCsv(`${'a,"b""c"\n'.repeat(100_000)}"${"x".repeat(1e6)}`)).toHaveLength(100_001);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
