import { describe, expect, it } from "vitest";
import { isModestJson } from "./modest-json.js";

const judge = (text: string) => isModestJson(Buffer.from(text));

describe("isModestJson", () => {
  it.each<[string, string]>([
    ["a picture as base64", JSON.stringify({ inputs: "A".repeat(1_000_000), parameters: { top_k: 3 } })],
    ["brackets in strings", JSON.stringify(["[".repeat(200_000), "\\", '"[[', "{".repeat(200_000)])],
    ["a million numbers", JSON.stringify(Array.from({ length: 1_000_000 }, (_, i) => i))],
    ["a tensor nested as its shape", JSON.stringify(Array.from({ length: 3 * 448 }, () => [Array(448).fill(0.5)]))],
    ["32 levels", "[".repeat(32) + "]".repeat(32)],
    ["what is no JSON", '"never closed [[['],
    ["nothing", ""],
  ])("takes %s", (_, text) => {
    expect(judge(text)).toBe(true);
  });

  it.each<[string, string]>([
    ["33 levels", "[".repeat(33) + "]".repeat(33)],
    ["brackets alone", "[".repeat(1_000_000)],
    ["objects in objects", '{"a":'.repeat(1_000_000)],
    ["more than 100,000 empty objects", `[${"{},".repeat(100_001)}{}]`],
    ["more than 4,000,000 values", `[${"0,".repeat(4_000_001)}0]`],
    ["brackets after an escaped quote", `["\\"", ${"[".repeat(1_000)}`],
  ])("refuses %s", (_, text) => {
    expect(judge(text)).toBe(false);
  });

  it("looks at 20 MiB of base64 within 50 ms, and of brackets and quotes within 500 ms", () => {
    const leastOf = (text: string) => {
      const bytes = Buffer.from(text);
      return Math.min(
        ...Array.from({ length: 5 }, () => {
          const start = performance.now();
          isModestJson(bytes);
          return performance.now() - start;
        }),
      );
    };
    const size = 20 * 2 ** 20;
    expect(leastOf(`["${"A".repeat(size)}"]`)).toBeLessThan(50);
    expect(leastOf('""'.repeat(size / 2))).toBeLessThan(500);
    expect(leastOf(`"${"\\".repeat(size)}"`)).toBeLessThan(500);
    expect(leastOf(`"${'\\"'.repeat(size / 2)}`)).toBeLessThan(500);
  });
});
