/**
 * Every dtype of the format with its width in bits, in the order of the reference (safetensors/src/tensor.rs, `enum Dtype`),
 * which is also the writer's: tensors are stored from the last of this list to the first.
 */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** A dtype as a safetensors header spells it. */
export type Dtype = keyof typeof DTYPE_BITS;

/** All dtypes, narrowest first. */
export const DTYPES = Object.keys(DTYPE_BITS) as readonly Dtype[];

/** Whether a header's string names a dtype. Exact spelling: `f32` and `float32` do not. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPE_BITS, name);
}
