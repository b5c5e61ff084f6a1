import { InputError } from "../errors.js";
import { DTYPE_BITS, type Dtype, isDtype } from "./dtypes.js";
import { FLOAT_FORMATS, float32BitsOf, type TabulatedDtype } from "./float-formats.js";
import { weightsError } from "./weights-error.js";

/** What to do with a value that float32 does not have (of F64 and of the wide integers only). */
export interface WidenOptions {
  /** `refuse`, the default: fail with `weights/inexact`. `round`: to the nearest float32. */
  readonly inexact?: "refuse" | "round";
}

interface ArrayType<View> {
  new (buffer: ArrayBufferLike, offset: number, length: number): View;
  readonly BYTES_PER_ELEMENT: number;
}

/** Dtypes that JavaScript has a typed array for. */
const TYPED_ARRAYS: Partial<Record<Dtype, ArrayType<ArrayLike<number | bigint>>>> = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
};

/**
 * The values of a stored tensor as float32, in new memory. Exact for every bit pattern of F32, F16, BF16, all F8, BOOL (0 and 1) and the integers up to 16
 * bits; of F64 and wider integers only values that float32 has, unless told to round.
 *
 * @param bytes as they stand in the file: little-endian, at any alignment
 * @throws WeightsFileError `weights/unsupported-dtype` (F4, F6, C64), `weights/inexact`
 * @throws InputError `input/byte-length`, `input/dtype`
 */
export function toFloat32(bytes: Uint8Array, dtype: Dtype, options: WidenOptions = {}): Float32Array {
  const target = new Float32Array(countElements(bytes, dtype));
  widenInto(bytes, dtype, target, options);
  return target;
}

/**
 * As {@link toFloat32}, into memory that is already there.
 *
 * @param target exactly as many values as `bytes` holds; must not share memory with it
 */
export function widenInto(bytes: Uint8Array, dtype: Dtype, target: Float32Array, options: WidenOptions = {}): void {
  const count = countElements(bytes, dtype);
  if (target.length !== count)
    throw new InputError(
      "input/byte-length",
      `The target has ${target.length} values; ${bytes.length} bytes of ${dtype} hold ${count}.`,
    );
  const bits = new Uint32Array(target.buffer, target.byteOffset, count);
  if (dtype === "F32") new Uint8Array(target.buffer, target.byteOffset, bytes.length).set(bytes);
  else if (dtype === "BF16") widenBfloat16(aligned(bytes, Uint16Array), bits);
  else if (dtype in FLOAT_FORMATS) {
    const wide = DTYPE_BITS[dtype] === 16;
    lookUp(wide ? aligned(bytes, Uint16Array) : bytes, float32BitsOf(dtype as TabulatedDtype), bits);
  } else if (dtype === "BOOL") {
    for (let i = 0; i < count; i++) target[i] = bytes[i] === 0 ? 0 : 1;
  } else convert(aligned(bytes, arrayTypeOf(dtype)), target, dtype, options.inexact ?? "refuse");
}

function arrayTypeOf(dtype: Dtype): ArrayType<ArrayLike<number | bigint>> {
  const type = TYPED_ARRAYS[dtype];
  if (type !== undefined) return type;
  const advice = "has no conversion to float32. Convert the tensor to F32, F16 or BF16 with Python first.";
  throw weightsError("weights/unsupported-dtype", dtype, advice, { details: { dtype } });
}

/** A bfloat16 is the front half of a float32. */
function widenBfloat16(source: Uint16Array, bits: Uint32Array): void {
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
}

function lookUp(source: Uint8Array | Uint16Array, table: Uint32Array, bits: Uint32Array): void {
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]!]!;
}

function convert(
  source: ArrayLike<number | bigint>,
  target: Float32Array,
  dtype: Dtype,
  inexact: "refuse" | "round",
): void {
  for (let i = 0; i < source.length; i++) {
    const value = source[i]!;
    // A bigint goes to float32 by way of a double: 2^53 + 1 would round twice, and must not.
    const near = typeof value === "bigint" ? roundToFloat32(value) : value;
    target[i] = near;
    const isSame = typeof value === "bigint" ? BigInt(target[i]!) === value : Object.is(target[i], value);
    if (!isSame && inexact === "refuse")
      throw weightsError(
        "weights/inexact",
        dtype,
        `has the value ${value} at [${i}], which float32 does not have. Read the bytes as ${dtype}, or ask to round.`,
        {
          details: { dtype, index: i, value: String(value) },
        },
      );
  }
}

/** The nearest float32, ties to even: what is too long for a double is shortened with a sticky last bit first. */
function roundToFloat32(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size < 2n ** 53n) return Number(value);
  const rest = BigInt(size.toString(2).length - 53);
  const sticky = size & ((1n << rest) - 1n) ? 1n : 0n;
  const shortened = Number(((size >> rest) | sticky) << rest);
  return value < 0n ? -shortened : shortened;
}

function countElements(bytes: unknown, dtype: unknown): number {
  if (!(bytes instanceof Uint8Array))
    throw new InputError("input/not-bytes", `Got ${typeof bytes}; wanted the Uint8Array of a stored tensor.`);
  if (typeof dtype !== "string" || !isDtype(dtype))
    throw new InputError("input/dtype", `"${String(dtype)}" is no dtype of safetensors.`);
  const count = (bytes.length * 8) / DTYPE_BITS[dtype];
  if (!Number.isInteger(count))
    throw new InputError(
      "input/byte-length",
      `${bytes.length} bytes are no whole number of ${dtype}, which has ${DTYPE_BITS[dtype]} bits.`,
    );
  return count;
}

/** Bytes as a typed array: a view where the alignment allows it, else a copy. */
function aligned<View>(bytes: Uint8Array, View: ArrayType<View>): View {
  const { buffer, byteOffset } = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new View(buffer, byteOffset, bytes.length / View.BYTES_PER_ELEMENT);
}
