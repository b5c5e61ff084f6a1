/** A float narrower than 32 bits: a sign bit if it has one, then exponent, then mantissa. */
interface FloatFormat {
  readonly sign: 0 | 1;
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  /**
   * What is no number. `ieee`: exponent all ones is infinity, or NaN with a mantissa. `all-ones`: only every bit (but the
   * sign) set is NaN, no infinity. `negative-zero`: only the pattern of -0 is NaN, no infinity.
   */
  readonly specials: "ieee" | "all-ones" | "negative-zero";
}

/**
 * F16: IEEE 754 binary16. E4M3 and E5M2: "FP8 Formats for Deep Learning" (arXiv:2209.05433), table 1. FNUZ: arXiv:2206.02915.
 * E8M0: OCP Microscaling Formats v1.0, section 5.4.1; powers of two, no zero.
 */
export const FLOAT_FORMATS = {
  F16: { sign: 1, exponent: 5, mantissa: 10, bias: 15, specials: "ieee" },
  F8_E5M2: { sign: 1, exponent: 5, mantissa: 2, bias: 15, specials: "ieee" },
  F8_E4M3: { sign: 1, exponent: 4, mantissa: 3, bias: 7, specials: "all-ones" },
  F8_E5M2FNUZ: { sign: 1, exponent: 5, mantissa: 2, bias: 16, specials: "negative-zero" },
  F8_E4M3FNUZ: { sign: 1, exponent: 4, mantissa: 3, bias: 8, specials: "negative-zero" },
  F8_E8M0: { sign: 0, exponent: 8, mantissa: 0, bias: 127, specials: "all-ones" },
} as const satisfies Record<string, FloatFormat>;

/** A dtype whose float32 values stand in a table. */
export type TabulatedDtype = keyof typeof FLOAT_FORMATS;

const tables = new Map<TabulatedDtype, Uint32Array>();

/** The float32 bits of every bit pattern of a narrow float, exact; a NaN keeps its sign and the front of its mantissa. */
export function float32BitsOf(dtype: TabulatedDtype): Uint32Array {
  let table = tables.get(dtype);
  if (table === undefined) {
    table = buildTable(FLOAT_FORMATS[dtype]);
    tables.set(dtype, table);
  }
  return table;
}

function buildTable(format: FloatFormat): Uint32Array {
  const values = new Float32Array(2 ** (format.sign + format.exponent + format.mantissa));
  const bits = new Uint32Array(values.buffer);
  for (let pattern = 0; pattern < values.length; pattern++) {
    if (isNotANumber(format, pattern)) bits[pattern] = nanBits(format, pattern);
    else values[pattern] = numberOf(format, pattern);
  }
  return bits;
}

function split(format: FloatFormat, pattern: number) {
  const mantissa = pattern & (2 ** format.mantissa - 1);
  const exponent = (pattern >> format.mantissa) & (2 ** format.exponent - 1);
  const negative = format.sign === 1 && pattern >> (format.exponent + format.mantissa) === 1;
  return { negative, exponent, mantissa };
}

function isNotANumber(format: FloatFormat, pattern: number): boolean {
  const { negative, exponent, mantissa } = split(format, pattern);
  const isTop = exponent === 2 ** format.exponent - 1;
  if (format.specials === "ieee") return isTop && mantissa !== 0;
  if (format.specials === "all-ones") return isTop && mantissa === 2 ** format.mantissa - 1;
  return negative && exponent === 0 && mantissa === 0;
}

/** Written as bits: a NaN that passes through a JavaScript number may lose its mantissa. */
function nanBits(format: FloatFormat, pattern: number): number {
  const { negative, mantissa } = split(format, pattern);
  const front = format.specials === "ieee" ? mantissa << (23 - format.mantissa) : 0x400000;
  return ((negative ? 0x80000000 : 0) | 0x7f800000 | front) >>> 0;
}

function numberOf(format: FloatFormat, pattern: number): number {
  const { negative, exponent, mantissa } = split(format, pattern);
  const sign = negative ? -1 : 1;
  if (format.specials === "ieee" && exponent === 2 ** format.exponent - 1) return sign * Number.POSITIVE_INFINITY;
  // Without a mantissa there are no subnormals: E8M0's exponent 0 is 2^-127.
  if (exponent === 0 && format.mantissa > 0) return sign * mantissa * 2 ** (1 - format.bias - format.mantissa);
  return sign * (1 + mantissa / 2 ** format.mantissa) * 2 ** (exponent - format.bias);
}
