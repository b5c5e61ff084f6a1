import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../io/to-float32.js";
import { roundToHalves, roundToIntegers } from "./round-weights.js";

describe("roundToIntegers", () => {
  it("brings each row's largest magnitude to 127 and rounds ties to even", () => {
    const { values, scales } = roundToIntegers(Float32Array.of(127, 0.5, 1.5, -2.5, -63.5, 0.25, 0, 0), 2);
    expect([...values]).toEqual([127, 0, 2, -2, -127, 0, 0, 0]);
    expect([...scales]).toEqual([1, 0.5]);
  });

  it("a row of zeros has a scale above 0", () => {
    const { values, scales } = roundToIntegers(new Float32Array(4), 1);
    expect([...values]).toEqual([0, 0, 0, 0]);
    expect(scales[0]).toBeGreaterThan(0);
  });

  it("is never further from a number than half a step", () => {
    const weights = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7)));
    const { values, scales } = roundToIntegers(weights, 16);
    for (const [i, weight] of weights.entries())
      expect(Math.abs(values[i]! * scales[i >> 8]! - weight)).toBeLessThanOrEqual(scales[i >> 8]! * 0.500001);
  });
});

describe("roundToHalves", () => {
  it("gives every finite float16 back", () => {
    const words = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((word) => (word & 0x7c00) !== 0x7c00);
    const values = toFloat32(new Uint8Array(words.buffer), "F16");
    expect(roundToHalves(values)).toEqual(words);
  });

  it("rounds what lies between to the nearest, ties to even", () => {
    const step = 2 ** -10;
    const between = [1 + step / 2, 1 + (3 * step) / 2, 1 + step * 0.51, 2 ** -25, 2 ** -24 * 1.5, 2 ** -24 * 0.51];
    expect([...roundToHalves(Float32Array.from(between))!]).toEqual([0x3c00, 0x3c02, 0x3c01, 0, 2, 1]);
  });

  it("knows the first number that is too large", () => {
    expect(roundToHalves(Float32Array.of(65519.99))).toEqual(Uint16Array.of(0x7bff));
    expect(roundToHalves(Float32Array.of(65520))).toBeUndefined();
  });
});
