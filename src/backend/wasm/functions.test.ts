import { beforeAll, describe, expect, it } from "vitest";
import { allowRelaxedSimd } from "../threads-node.js";
import type { FunctionBuilder, Multiplication } from "./function-builder.js";
import {
  gelu,
  geluSlope,
  mapFloats,
  maxFloats,
  maxMagnitude,
  powerOfTwo,
  rangeWithZero,
  sigmoid,
  sumFloats,
} from "./functions.js";
import { ModuleBuilder } from "./module-builder.js";
import type { Real, Vector } from "./values.js";

const START = 4096;
const COUNT = 4099;

function run(m: ModuleBuilder, name: string, values: Float32Array): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
  new Float32Array(memory.buffer, 0, m.constants.length).set(m.constants);
  const floats = new Float32Array(memory.buffer, START, values.length);
  floats.set(values);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env: { memory } });
  (exports[name] as () => void)();
  return floats;
}

const moduleOf = (multiplication: Multiplication) =>
  new ModuleBuilder({ multiplication, memory: "plain", constantsAt: 0 });

function map(multiplication: Multiplication, values: Float32Array, formula: (f: FunctionBuilder, x: Vector) => Vector) {
  const m = moduleOf(multiplication);
  m.define("map", {}, (f) => {
    const pointer = f.int(START);
    mapFloats(f, { inputs: [pointer], output: pointer, count: f.int(values.length) }, (x) => formula(f, x!));
  });
  return run(m, "map", values);
}

function reduce(values: Float32Array, body: (f: FunctionBuilder, parts: { input: never; count: never }) => Real) {
  const m = moduleOf("plain");
  m.define("reduce", {}, (f) => {
    const parts = { input: f.int(START), count: f.int(values.length) };
    f.storeReal(f.int(START), body(f, parts as never));
  });
  return run(m, "reduce", values)[0]!;
}

/** From -limit to limit, ends included. */
const spread = (limit: number) => Float32Array.from({ length: COUNT }, (_, i) => ((2 * i) / (COUNT - 1) - 1) * limit);

/** Φ(x) by the continued fraction and the series of erfc, to 1e-12. */
function cumulative(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let tail: number;
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 100; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    tail = 1 - (2 / Math.sqrt(Math.PI)) * sum;
  } else {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
    tail = Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
  }
  return x < 0 ? tail / 2 : 1 - tail / 2;
}

beforeAll(allowRelaxedSimd);

describe.each(["plain", "relaxed"] as const)("functions by %s multiply-add", (multiplication) => {
  it("2^x has a relative error below 2.5e-7 from -125 to 126", () => {
    const x = spread(125);
    const y = map(multiplication, x, powerOfTwo);
    for (const [i, value] of y.entries()) expect(Math.abs(value / 2 ** x[i]! - 1)).toBeLessThan(2.5e-7);
  });

  it("the sigmoid has a relative error below 6e-6 where its exponential does not end, from -80 on", () => {
    const x = spread(80);
    const y = map(multiplication, x, sigmoid);
    for (const [i, value] of y.entries()) expect(Math.abs(value * (1 + Math.exp(-x[i]!)) - 1)).toBeLessThan(6e-6);
  });

  it("GELU of x has an error below 3e-7 times |x| or 1, and its slope one below 5e-7, up to 5", () => {
    const x = spread(5);
    const y = map(multiplication, x, gelu);
    const slope = map(multiplication, x, geluSlope);
    for (const [i, value] of x.entries()) {
      expect(Math.abs(y[i]! - value * cumulative(value)) / Math.max(1, Math.abs(value))).toBeLessThan(3e-7);
      const density = Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI);
      expect(Math.abs(slope[i]! - cumulative(value) - value * density)).toBeLessThan(5e-7);
    }
  });

  it("what is no number stays none", () => {
    const x = Float32Array.of(Number.NaN, 1, 2, 3, 4, 5, 6, 7, Number.NaN);
    for (const formula of [gelu, sigmoid, geluSlope]) {
      const y = map(multiplication, x, formula);
      expect([...y].map(Number.isNaN)).toEqual([true, ...Array(7).fill(false), true]);
    }
  });
});

describe("folds", () => {
  it.each([1, 3, 15, 16, 17, 31, 32, 33])("sum, extremes and largest magnitude of %i numbers", (count) => {
    const values = Float32Array.from({ length: count }, (_, i) => (i % 2 ? -i : i) - 40);
    expect(reduce(values, sumFloats)).toBe(values.reduce((sum, value) => sum + value, 0));
    expect(reduce(values, maxFloats)).toBe(Math.max(...values));
    expect(reduce(values, maxMagnitude)).toBe(Math.max(...values.map(Math.abs)));
    expect(reduce(values, (f, input) => rangeWithZero(f, input).least)).toBe(Math.min(0, ...values));
    expect(reduce(values, (f, input) => rangeWithZero(f, input).most)).toBe(Math.max(0, ...values));
  });
});
