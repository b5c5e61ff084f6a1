import { describe, expect, it } from "vitest";
import { ApiKeys } from "./api-keys.js";

const headers = (fields: Record<string, string>) => new Headers(fields);

describe("ApiKeys", () => {
  const keys = new ApiKeys(["first-key-1", "second-key-2"]);

  it("knows each key by its place, however it comes, and never by itself", () => {
    expect(keys.check(headers({ authorization: "Bearer first-key-1" }))).toBe("key-0");
    expect(keys.check(headers({ authorization: "bearer   second-key-2 " }))).toBe("key-1");
    expect(keys.check(headers({ "x-api-key": "second-key-2" }))).toBe("key-1");
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["an empty key", { "x-api-key": "" }],
    ["a beginning", { "x-api-key": "first-key-" }],
    ["one letter more", { "x-api-key": "first-key-11" }],
    ["both keys", { "x-api-key": "first-key-1,second-key-2" }],
    ["a wrong bearer beside a right key", { authorization: "Bearer x", "x-api-key": "first-key-1" }],
    ["1 MB", { "x-api-key": "x".repeat(1 << 20) }],
    ["another scheme", { authorization: "Basic first-key-1" }],
  ])("refuses %s", (_, fields) => {
    expect(() => keys.check(headers(fields))).toThrowError(expect.objectContaining({ code: "server/unauthorized" }));
  });

  it("lets everyone in where there are no keys", () => {
    expect(new ApiKeys([]).check(headers({}))).toBe("");
  });

  it("takes as long for a key that is wrong at its end as at its beginning: Welch's t below 4.5 over 100,000 tries", () => {
    const right = "k".repeat(64);
    const guarded = new ApiKeys([right]);
    // Made anew by the same steps, so that nothing but their letters differs.
    const wrong = [0, 63].map((place) => {
      const letters = Buffer.from(right);
      letters[place] = 0x78;
      return headers({ "x-api-key": letters.toString("latin1") });
    });
    const times: [number[], number[]] = [[], []];
    for (let i = 0; i < 100_000; i++) {
      const which = Math.random() < 0.5 ? 0 : 1;
      const start = process.hrtime.bigint();
      try {
        guarded.check(wrong[which]!);
      } catch {}
      times[which]!.push(Number(process.hrtime.bigint() - start));
    }
    // What is slower than most was interrupted, which says nothing about the key.
    const [first, last] = times.map((values) => {
      const sorted = values.slice(values.length / 4).sort((a, b) => a - b);
      return sorted.slice(0, Math.floor(sorted.length * 0.9));
    });
    expect(Math.abs(welch(first!, last!))).toBeLessThan(4.5);
  });
});

function welch(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (values: number[]) => {
    const middle = mean(values);
    return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length;
  };
  return (mean(a) - mean(b)) / Math.sqrt(spread(a) + spread(b));
}
