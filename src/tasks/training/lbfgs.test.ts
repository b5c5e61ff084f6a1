import { describe, expect, it } from "vitest";
import { lbfgs } from "./lbfgs.js";

describe("lbfgs", () => {
  it("finds the bottom of Rosenbrock's valley within 1e-6 in at most 60 steps", async () => {
    const evaluate = async ([x, y]: Float64Array) => {
      const [a, b] = [1 - x!, y! - x! ** 2];
      return { value: a ** 2 + 100 * b ** 2, gradient: Float64Array.of(-2 * a - 400 * x! * b, 200 * b) };
    };
    const { point, iterations } = await lbfgs(evaluate, Float64Array.of(-1.2, 1), { tolerance: 1e-9, iterations: 200 });
    expect(Math.abs(point[0]! - 1)).toBeLessThan(1e-6);
    expect(Math.abs(point[1]! - 1)).toBeLessThan(1e-6);
    expect(iterations).toBeLessThan(60);
  });

  it("stops where the gradient is small, where it may make no more steps, and where rounding hides the way", async () => {
    const bowl = async ([x]: Float64Array) => ({ value: x! ** 2, gradient: Float64Array.of(2 * x!) });
    const steps = async (start: number, limits: { tolerance: number; iterations: number }) =>
      (await lbfgs(bowl, Float64Array.of(start), limits)).iterations;
    expect(await steps(1e-9, { tolerance: 1e-4, iterations: 9 })).toBe(0);
    expect(await steps(1e6, { tolerance: 0, iterations: 1 })).toBe(1);
    const noisy = async () => ({ value: 1, gradient: Float64Array.of(1e-3) });
    expect((await lbfgs(noisy, Float64Array.of(1), { tolerance: 0, iterations: 50 })).iterations).toBe(0);
  });
});
