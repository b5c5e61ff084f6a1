import { describe, expect, it } from "vitest";
import { clipGradients } from "./clip-gradients.js";

describe("clipGradients", () => {
  it("scales all gradients by one factor, so that together they are as long as they may be", () => {
    const gradients = [Float32Array.of(3, 0), Float32Array.of(0, 4)];
    expect(clipGradients(gradients, 1)).toBe(5);
    expect(gradients[0]![0]).toBeCloseTo(0.6, 6);
    expect(gradients[1]![1]).toBeCloseTo(0.8, 6);
  });

  it("leaves shorter ones as they are, to the bit", () => {
    const gradients = [Float32Array.of(0.1, 0.2)];
    clipGradients(gradients, 1);
    expect(gradients).toEqual([Float32Array.of(0.1, 0.2)]);
  });
});
