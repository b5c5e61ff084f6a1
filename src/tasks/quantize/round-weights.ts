/** Largest magnitude of an int8 weight; the engine's own, so that a stored weight has the bits of one that was quantized as it was loaded. */
const LARGEST = 127;
/** Keeps the scale of a row of zeros from being 0; the engine's own too. */
const SMALLEST_RANGE = Math.fround(1e-20);
/** The largest number that float16 has. */
const LARGEST_HALF = 65504;

export interface IntegerRows {
  /** `[rows, columns]`, from -127 to 127. */
  values: Int8Array;
  /** What a row is multiplied by, of float32. `[rows]` */
  scales: Float32Array;
}

/** A weight of float32, `[rows, columns]`, as int8 with a scale for each row: the row's largest magnitude becomes 127; ties to even. */
export function roundToIntegers(weights: Float32Array, rows: number): IntegerRows {
  const columns = weights.length / rows;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns;
    let most = SMALLEST_RANGE;
    for (let i = begin; i < begin + columns; i++) most = Math.max(most, Math.abs(weights[i]!));
    const scale = Math.fround(most / LARGEST);
    scales[row] = scale;
    for (let i = begin; i < begin + columns; i++) values[i] = roundHalfToEven(Math.fround(weights[i]! / scale));
  }
  return { values, scales };
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the float16 nearest to each of finite numbers, ties to even; nothing where one is too large for float16. */
export function roundToHalves(weights: Float32Array): Uint16Array | undefined {
  const halves = new Uint16Array(weights.length);
  for (const [i, value] of weights.entries()) {
    const magnitude = Math.abs(value);
    if (magnitude >= LARGEST_HALF + 16) return undefined;
    halves[i] = halfBits(magnitude) | (Object.is(value, -0) || value < 0 ? 0x8000 : 0);
  }
  return halves;
}

/** @param magnitude below 65520, which would round to infinity */
function halfBits(magnitude: number): number {
  // Below 2^-14 a float16 counts in steps of 2^-24.
  if (magnitude < 2 ** -14) return roundHalfToEven(magnitude * 2 ** 24);
  float[0] = magnitude;
  const tie = (bits[0]! >>> 13) & 1;
  return (bits[0]! - 0x38000000 + 0xfff + tie) >>> 13;
}
