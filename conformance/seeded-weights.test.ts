import { describe, expect, it } from "vitest";
import { seededCheckpoint, seededPixels, seededPositions, seededValues } from "./seeded-weights.js";

describe("the portable generator", () => {
  it.each(["vit-base", "eva02-base"] as const)(
    "writes the full-size %s checkpoint with the sha256 that Python recorded",
    async (model) => {
      await expect(seededCheckpoint(model)).resolves.toContain(model); // it throws on any other bytes
    },
    60_000,
  );

  it("gives values of the asked mean and deviation within 1 %", () => {
    const values = seededValues("a stream", 200_000, 2, 5);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(mean).toBeCloseTo(5, 1);
    expect(Math.abs(deviation / 2 - 1)).toBeLessThan(0.01);
  });

  it("gives another stream for another name and the same one for the same name", () => {
    const pixels = (name: string) => seededPixels(name, 40, 33).data;
    expect(pixels("one")).toEqual(pixels("one"));
    expect(pixels("one")).not.toEqual(pixels("two"));
  });

  it("keeps positions below the size", () => {
    expect(Math.max(...seededPositions("positions", 17, 1000))).toBe(16);
  });
});
