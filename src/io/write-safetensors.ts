import { InputError } from "../errors.js";
import { DTYPE_BITS, DTYPES, type Dtype, isDtype } from "./dtypes.js";
import { isWellFormed } from "./json-tokens.js";
import { PREFIX_BYTES } from "./safetensors-header.js";
import { quote, weightsError } from "./weights-error.js";

/** A tensor to be written. `Bytes`: little-endian, row-major, as `dtype` and `shape` say. */
export interface TensorToWrite<Bytes = Uint8Array> {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Bytes;
}

/** Tensors by name: a Map, or any other list of pairs. A name must not stand twice. */
export type TensorsToWrite<Bytes = Uint8Array> = Iterable<readonly [name: string, tensor: TensorToWrite<Bytes>]>;

/** Where each tensor of a file to be written goes. */
export interface FileLayout<Bytes> {
  /** Length, header and its padding. */
  readonly head: Uint8Array;
  /** In the order of their bytes, which follow the head and one another. */
  readonly tensors: readonly { readonly name: string; readonly bytes: Bytes; readonly length: number }[];
  /** Of the whole file. */
  readonly byteLength: number;
}

const HEADER_LIMIT_BYTES = 100_000_000;
const LABEL = "safetensors file to write";

/**
 * Writes tensors as one safetensors file, byte for byte what Python's `safetensors.serialize` makes of them.
 *
 * @param metadata strings by name, kept in the order given (Python's is random from run to run). `{}` writes an empty
 *   `__metadata__`, undefined none
 * @throws WeightsFileError `weights/writer-name`, `weights/writer-bytes`, `weights/header-too-large`, `weights/out-of-memory`
 * @throws InputError `input/tensors`, `input/metadata`
 */
export function writeSafetensors(tensors: TensorsToWrite, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const layout = layOut(tensors, metadata);
  let file: Uint8Array;
  try {
    file = new Uint8Array(layout.byteLength);
  } catch (cause) {
    const advice = "bytes, more than this machine can hold in one piece. Use writeSafetensorsFile.";
    throw weightsError("weights/out-of-memory", LABEL, `has ${layout.byteLength} ${advice}`, { cause });
  }
  file.set(layout.head);
  let at = layout.head.length;
  for (const { name, bytes, length } of layout.tensors) {
    file.set(expectBytes(bytes, length, name), at);
    at += length;
  }
  return file;
}

/** Orders tensors as the reference does and writes their header; their bytes are not looked at. */
export function layOut<Bytes>(
  tensors: TensorsToWrite<Bytes>,
  metadata?: Readonly<Record<string, string>>,
): FileLayout<Bytes> {
  const sorted = checkTensors(tensors).sort((a, b) => b.rank - a.rank || compareBytes(a.utf8, b.utf8));
  const entries = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(checkMetadata(metadata))}`];
  let end = 0;
  for (const { name, dtype, shape, length } of sorted) {
    const begin = end;
    end += length;
    entries.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`);
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > HEADER_LIMIT_BYTES)
    throw weightsError(
      "weights/header-too-large",
      LABEL,
      `needs a header of ${headerBytes} bytes, the format allows ${HEADER_LIMIT_BYTES}. Write fewer tensors a file.`,
    );
  const head = new Uint8Array(PREFIX_BYTES + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, PREFIX_BYTES);
  return { head, tensors: sorted, byteLength: head.length + end };
}

/** @throws WeightsFileError `weights/writer-bytes` if a tensor has not as many bytes as its shape needs */
export function expectBytes(bytes: unknown, length: number, name: string): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length === length) return bytes;
  const found = bytes instanceof Uint8Array ? `${bytes.length} bytes` : `${typeof bytes} for bytes`;
  throw weightsError(
    "weights/writer-bytes",
    LABEL,
    `has a tensor ${quote(name)} with ${found}; its shape needs a Uint8Array of ${length}.`,
    {
      details: { tensor: name, bytes: length },
    },
  );
}

function checkTensors<Bytes>(tensors: TensorsToWrite<Bytes>) {
  if (typeof tensors?.[Symbol.iterator] !== "function")
    throw new InputError(
      "input/tensors",
      `Tensors to write came as ${typeof tensors}; wanted a Map, or a list of [name, tensor] pairs.`,
    );
  const names = new Set<string>();
  const utf8 = new TextEncoder();
  const checked = [];
  for (const pair of tensors) {
    if (!Array.isArray(pair))
      throw new InputError("input/tensors", `A tensor to write came as ${typeof pair}; wanted a [name, tensor] pair.`);
    const [name, tensor] = pair as readonly [string, TensorToWrite<Bytes>];
    checkName(name, names);
    const length = byteLengthOf(name, tensor);
    checked.push({
      name,
      utf8: utf8.encode(name),
      // A wider dtype comes first, so that each tensor stands at a multiple of its own width.
      rank: DTYPES.indexOf(tensor.dtype),
      dtype: tensor.dtype,
      shape: tensor.shape,
      bytes: tensor.bytes,
      length,
    });
  }
  return checked;
}

function checkName(name: unknown, seen: Set<string>): void {
  const refuse = (why: string): never => {
    throw weightsError("weights/writer-name", LABEL, `has a tensor ${quote(String(name))}, ${why}`, {
      details: { tensor: name },
    });
  };
  if (typeof name !== "string") throw refuse("whose name is no string.");
  if (name === "__metadata__") refuse("a name that the format keeps for its metadata. Rename it.");
  if (!isWellFormed(name)) refuse("whose name has half of a surrogate pair, which UTF-8 can't hold. Rename it.");
  if (seen.has(name)) refuse("which stands twice. Rename one.");
  seen.add(name);
}

function byteLengthOf(name: string, tensor: TensorToWrite<unknown>): number {
  const refuse = (why: string): never => {
    throw weightsError("weights/writer-bytes", LABEL, `has a tensor ${quote(name)} ${why}`, {
      details: { tensor: name },
    });
  };
  if (!isDtype(tensor?.dtype))
    return refuse(`of dtype ${quote(String(tensor?.dtype))}, which the format does not know.`);
  if (
    !Array.isArray(tensor.shape) ||
    !tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0))
  )
    return refuse("whose shape is no list of integers from 0 up.");
  const bits = tensor.shape.reduce((product: number, size) => product * size, DTYPE_BITS[tensor.dtype]);
  if (!Number.isSafeInteger(bits)) refuse(`of shape [${tensor.shape}], which is too large.`);
  if (bits % 8 !== 0) refuse(`of ${bits} bits, which is no whole number of bytes.`);
  return bits / 8;
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== "string" || !isWellFormed(key + value))
      throw new InputError(
        "input/metadata",
        `The metadata ${quote(key)} is ${typeof value}; wanted a string that UTF-8 can hold.`,
      );
  return metadata;
}

/** As Rust compares strings: by their UTF-8 bytes, which is not the order of JavaScript's `<`. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
