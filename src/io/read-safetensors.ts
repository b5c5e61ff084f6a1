import { InputError, WeightsFileError } from "../errors.js";
import type { Dtype } from "./dtypes.js";
import { RECOGNIZED_BYTES, recognizeFormat } from "./foreign-format.js";
import { defaultLimits, PREFIX_BYTES, parseHeader, type ReaderLimits, readHeaderLength } from "./safetensors-header.js";
import { weightsError } from "./weights-error.js";

/** A tensor with its bytes as they stand in the file: little-endian, row-major. */
export interface StoredTensor {
  readonly dtype: Dtype;
  /** Sizes of the dimensions; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a safetensors file says. */
export interface SafetensorsFile {
  /** `__metadata__`, without a prototype; empty when the file has none. */
  readonly metadata: Record<string, string>;
  /** By name, in the order of their bytes. */
  readonly tensors: Map<string, StoredTensor>;
}

/**
 * Reads a safetensors file that is already in memory. Nothing is copied: each tensor's `bytes` is a view into `bytes`, at any
 * alignment; `toFloat32` turns it into numbers.
 *
 * @param label what to call the file in a message
 * @throws WeightsFileError one code for each rule of the format, see `docs/formats/safetensors.md`
 * @throws InputError `input/not-bytes`
 */
export function readSafetensors(
  bytes: Uint8Array | ArrayBuffer,
  label = "safetensors bytes",
  limits: Partial<ReaderLimits> = {},
): SafetensorsFile {
  const file = asBytes(bytes);
  const allLimits = { ...defaultLimits(), ...limits };
  try {
    const headerBytes = readHeaderLength(file.subarray(0, PREFIX_BYTES), file.length, label, allLimits);
    const dataBegin = PREFIX_BYTES + headerBytes;
    const header = parseHeader(file.subarray(PREFIX_BYTES, dataBegin), file.length - dataBegin, label, allLimits);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, { dtype, shape, begin, end }] of header.tensors)
      tensors.set(name, { dtype, shape, bytes: file.subarray(dataBegin + begin, dataBegin + end) });
    return { metadata: header.metadata, tensors };
  } catch (error) {
    throw explainForeignFile(error, file.subarray(0, RECOGNIZED_BYTES), label);
  }
}

/**
 * Says what a file really is if a rule that was broken comes from its being something else.
 *
 * @param head the file's first {@link RECOGNIZED_BYTES} bytes
 * @returns the error to throw: one with the code `weights/other-format`, or `error` itself
 */
export function explainForeignFile(error: unknown, head: Uint8Array, label: string): unknown {
  // Only what happens to the first bytes of a foreign file; a sound header with wrong contents is a safetensors file.
  const codes = [
    "weights/header-too-small",
    "weights/header-too-large",
    "weights/header-cut",
    "weights/not-json",
    "weights/not-utf8",
  ];
  if (!(error instanceof WeightsFileError) || !codes.includes(error.code)) return error;
  const format = recognizeFormat(head);
  if (format === undefined) return error;
  return weightsError("weights/other-format", label, `is ${format.name}; wanted a safetensors file. ${format.advice}`, {
    details: { format: format.name },
    cause: error,
  });
}

function asBytes(bytes: unknown): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  if (typeof SharedArrayBuffer !== "undefined" && bytes instanceof SharedArrayBuffer) return new Uint8Array(bytes);
  throw new InputError(
    "input/not-bytes",
    `readSafetensors got ${typeof bytes}; wanted a Uint8Array or an ArrayBuffer. To read a file by its name, use openCheckpoint.`,
  );
}
