import type { Dtype } from "../io/dtypes.js";

/** Bits of the exponent; all of them set means NaN or infinity in IEEE formats. */
const EXPONENTS: Partial<Record<Dtype, { bytes: 1 | 2 | 4; mask: number }>> = {
  F32: { bytes: 4, mask: 0x7f800000 },
  F16: { bytes: 2, mask: 0x7c00 },
  BF16: { bytes: 2, mask: 0x7f80 },
  F8_E5M2: { bytes: 1, mask: 0x7c },
  F8_E4M3: { bytes: 1, mask: 0x7f }, // no infinities, one NaN: all bits set
};

/** Index of the first element that is NaN or infinite, by its bits alone; `undefined` when all are numbers. */
export function firstNonFinite(bytes: Uint8Array, dtype: Dtype): number | undefined {
  const format = EXPONENTS[dtype];
  if (!format) return undefined;
  const { mask } = format;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % format.bytes === 0 ? bytes : bytes.slice();
  const length = byteLength / format.bytes;
  const words =
    format.bytes === 4
      ? new Uint32Array(buffer, byteOffset, length)
      : format.bytes === 2
        ? new Uint16Array(buffer, byteOffset, length)
        : bytes;
  for (let index = 0; index < words.length; index++) if ((words[index]! & mask) === mask) return index;
  return undefined;
}
