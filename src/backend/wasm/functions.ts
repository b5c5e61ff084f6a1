import type { FunctionBuilder, IntVariable, VectorVariable } from "./function-builder.js";
import { type Int, load, loadSplat, type Real, type Vector } from "./values.js";

/** 1.5 · 2²³: added to a small number, it leaves the nearest integer in the low bits of the sum. */
const ROUND_TO_INTEGER = 12582912;
/** 2^x on [-½, ½], minimax with p(0) = 1, highest power first: relative error 1.7e-7 in float32. */
const POWER_OF_TWO = [
  0.001326472731307149, 0.009671512991189957, 0.05550733581185341, 0.24022242426872253, 0.6931470036506653, 1,
];
/** Eigen's rational approximation of erf on [-4, 4], which PyTorch and ONNX Runtime use too, highest power first. */
const ERF_NUMERATOR = [
  -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
  -2.95459980854025e-3, -1.60960333262415e-2,
];
const ERF_DENOMINATOR = [
  -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2,
];

/** Horner's scheme; coefficients from the highest power down. */
function polynomial(f: FunctionBuilder, x: Vector, coefficients: readonly number[]): Vector {
  const sum = f.vector(f.constant(coefficients[0]!));
  for (const coefficient of coefficients.slice(1)) sum.set(f.multiplyAdd(sum, x, f.constant(coefficient)));
  return sum;
}

/** 2^x for -125 ≤ x < 127; smaller x count as -125. Relative error 2e-7 */
export function powerOfTwo(f: FunctionBuilder, x: Vector): Vector {
  const clamped = f.vector(x.atLeast(f.constant(-125)));
  const shifted = f.vector(clamped.add(f.constant(ROUND_TO_INTEGER)));
  const fraction = f.vector(clamped.sub(shifted.sub(f.constant(ROUND_TO_INTEGER))));
  return polynomial(f, fraction, POWER_OF_TWO).addInt(shifted.shiftLeft(23));
}

/** 1 / (1 + e^-x). Relative error 3e-7 for |x| < 80 */
export function sigmoid(f: FunctionBuilder, x: Vector): Vector {
  const bounded = x.neg().atMost(f.constant(87)).atLeast(f.constant(-87));
  const one = f.constant(1);
  return one.div(one.add(powerOfTwo(f, bounded.mul(f.constant(Math.LOG2E)))));
}

/** erf(x) by a rational function; ±1 within 1e-7 from |x| = 4 on. */
function erf(f: FunctionBuilder, x: Vector): Vector {
  const bounded = f.vector(x.atMost(f.constant(4)).atLeast(f.constant(-4)));
  const square = f.vector(bounded.mul(bounded));
  return bounded.mul(polynomial(f, square, ERF_NUMERATOR)).div(polynomial(f, square, ERF_DENOMINATOR));
}

/** x Φ(x), the exact GELU. */
export function gelu(f: FunctionBuilder, x: Vector): Vector {
  const half = f.vector(x.mul(f.constant(0.5)));
  return f.multiplyAdd(half, erf(f, x.mul(f.constant(Math.SQRT1_2))), half);
}

/** Derivative of `gelu`: Φ(x) + x φ(x). */
export function geluSlope(f: FunctionBuilder, x: Vector): Vector {
  const half = f.constant(0.5);
  const cumulative = f.vector(f.multiplyAdd(half, erf(f, x.mul(f.constant(Math.SQRT1_2))), half));
  const density = powerOfTwo(f, x.mul(x).mul(f.constant(-0.5 * Math.LOG2E))).mul(
    f.constant(1 / Math.sqrt(2 * Math.PI)),
  );
  return f.multiplyAdd(density, x, cumulative);
}

/**
 * `output[i] = formula(inputs[i])` for `count` floats, advancing all pointers. Two vectors at a time, stored side by side after both are
 * computed, since V8's revectorizer joins just such pairs; then single floats through all lanes, so that their bits are the same.
 */
export function mapFloats(
  f: FunctionBuilder,
  { inputs, output, count }: { inputs: readonly IntVariable[]; output: IntVariable; count: Int },
  formula: (...values: Vector[]) => Vector,
): void {
  const advance = (bytes: number) => {
    for (const pointer of new Set([...inputs, output])) pointer.increase(bytes);
  };
  const keep = (value: Vector) => f.vector(value);
  const end = f.int(output.add(count.shiftLeft(2)));
  const endOfPairs = f.int(output.add(count.and(-8).shiftLeft(2)));
  f.while(output.isBefore(endOfPairs), () => {
    const first = keep(formula(...inputs.map((pointer) => keep(load(pointer)))));
    const second = keep(formula(...inputs.map((pointer) => keep(load(pointer, 16)))));
    f.store(output, first);
    f.store(output, second, 16);
    advance(32);
  });
  f.while(output.isBefore(end), () => {
    const value = keep(formula(...inputs.map((pointer) => keep(loadSplat(pointer)))));
    f.storeReal(output, value.lane(0));
    advance(4);
  });
}

/** How many floats become one: `combine` takes what came before and a float's `formula`. */
interface Fold {
  start: Vector;
  formula?: (value: Vector) => Vector;
  combine: (a: Vector, b: Vector) => Vector;
}

/**
 * Combines `count` floats in one pass for each of some folds: in four vectors of partial results, since one waits for itself three cycles at
 * each step, and the rest one by one.
 */
function foldFloats(
  f: FunctionBuilder,
  { input, count }: { input: Int; count: Int },
  ...folds: Fold[]
): { all: VectorVariable; rest: VectorVariable }[] {
  const states = folds.map(({ start, formula = (value) => value, combine }) => ({
    parts: Array.from({ length: 4 }, () => f.vector(start)),
    rest: f.vector(start),
    take: (part: VectorVariable, value: Vector) => part.set(combine(part, formula(value))),
    combine,
  }));
  const offset = f.int(0);
  const end = f.int(count.shiftLeft(2));
  const endOfParts = f.int(count.and(-16).shiftLeft(2));
  f.while(offset.less(endOfParts), () => {
    for (let i = 0; i < 4; i++) {
      const value = f.vector(load(input.add(offset), i * 16));
      for (const { parts, take } of states) take(parts[i]!, value);
    }
    offset.increase(64);
  });
  f.while(offset.less(end), () => {
    const value = f.vector(loadSplat(input.add(offset)));
    for (const { rest, take } of states) take(rest, value);
    offset.increase(4);
  });
  return states.map(({ parts: [a, b, c, d], rest, combine }) => {
    a!.set(combine(combine(a!, b!), combine(c!, d!)));
    return { all: a!, rest };
  });
}

const add = (a: Vector, b: Vector) => a.add(b);
const larger = (a: Vector, b: Vector) => a.atLeast(b);
const smaller = (a: Vector, b: Vector) => a.atMost(b);
const LARGEST = 3.4028234663852886e38;

/** Sum of `formula(input[i])` over `count` floats. */
export function sumFloats(
  f: FunctionBuilder,
  { input, count }: { input: Int; count: Int },
  formula?: (value: Vector) => Vector,
): Real {
  const [sum] = foldFloats(f, { input, count }, { start: f.constant(0), combine: add, ...(formula && { formula }) });
  return sum!.all.sumOfLanes().add(sum!.rest.lane(0));
}

/** Largest of `count` floats; -3.4e38 for none. */
export function maxFloats(f: FunctionBuilder, { input, count }: { input: Int; count: Int }): Real {
  const [most] = foldFloats(f, { input, count }, { start: f.constant(-LARGEST), combine: larger });
  return most!.all.maxOfLanes().max(most!.rest.lane(0));
}

/** Largest magnitude of `count` floats; 0 for none. */
export function maxMagnitude(f: FunctionBuilder, { input, count }: { input: Int; count: Int }): Real {
  const formula = (value: Vector) => value.abs();
  const [most] = foldFloats(f, { input, count }, { start: f.constant(0), formula, combine: larger });
  return most!.all.maxOfLanes().max(most!.rest.lane(0));
}

/** The least and the largest of `count` floats and 0, in one pass. */
export function rangeWithZero(
  f: FunctionBuilder,
  { input, count }: { input: Int; count: Int },
): { least: Real; most: Real } {
  const start = f.constant(0);
  const [least, most] = foldFloats(f, { input, count }, { start, combine: smaller }, { start, combine: larger });
  return {
    least: f.real(least!.all.minOfLanes().min(least!.rest.lane(0))),
    most: f.real(most!.all.maxOfLanes().max(most!.rest.lane(0))),
  };
}
