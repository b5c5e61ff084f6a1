import { DTYPE_BITS, type Dtype, isDtype } from "./dtypes.js";
import { JsonSyntaxError, JsonTokens } from "./json-tokens.js";
import { quote, type WeightsCode, weightsError } from "./weights-error.js";

/** Bytes before the header: its length as a little-endian u64. */
export const PREFIX_BYTES = 8;

/** How much a file may ask of its reader. */
export interface ReaderLimits {
  /** Longest header in bytes. The format's own limit is 100,000,000; browsers get 16 MiB unless told otherwise. */
  readonly headerBytes: number;
  readonly tensors: number;
  /** Longest name of a tensor, in UTF-16 units. */
  readonly nameLength: number;
}

/** The limits where none are given. The format allows 100,000,000 bytes of header everywhere; a browser's page should not hold them. */
export function defaultLimits(runtime: { process?: { versions?: { node?: string } } } = globalThis): ReaderLimits {
  const headerBytes = runtime.process?.versions?.node === undefined ? 2 ** 24 : 100_000_000;
  return { headerBytes, tensors: 100_000, nameLength: 4096 };
}

/** One tensor of a header, its place checked. */
export interface TensorPlace {
  readonly dtype: Dtype;
  /** Sizes of the dimensions. One above 2^53 is rounded to the nearest number; only a tensor without elements can have it. */
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly begin: number;
  /** Byte after the last. */
  readonly end: number;
}

export interface SafetensorsHeader {
  /** `__metadata__`; without a prototype, empty when the file has none. */
  readonly metadata: Record<string, string>;
  /** In the order of their bytes. */
  readonly tensors: Map<string, TensorPlace>;
}

interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly bigint[];
  readonly begin: bigint;
  readonly end: bigint;
}

const U64_MAX = 2n ** 64n - 1n;

/**
 * Reads the header's length from the file's first bytes and checks it against the file's.
 *
 * @param prefix the first 8 bytes, or all if there are fewer
 * @throws WeightsFileError `weights/header-too-small`, `weights/header-too-large`, `weights/header-cut`
 */
export function readHeaderLength(prefix: Uint8Array, fileBytes: number, label: string, limits: ReaderLimits): number {
  if (prefix.length < PREFIX_BYTES)
    throw weightsError(
      "weights/header-too-small",
      label,
      `has ${fileBytes} bytes; a safetensors file has at least 8. The download is incomplete: delete the file and load again.`,
      { details: { bytes: fileBytes } },
    );
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(limits.headerBytes))
    throw weightsError(
      "weights/header-too-large",
      label,
      `begins with a header length of ${length} bytes, the limit is ${limits.headerBytes}. It is no safetensors file, or it is damaged: download it again.`,
      { details: { headerBytes: String(length), limit: limits.headerBytes } },
    );
  if (PREFIX_BYTES + Number(length) > fileBytes)
    throw weightsError(
      "weights/header-cut",
      label,
      `ends after ${fileBytes} bytes, inside its header of ${length}. The download is incomplete: delete the file and load again.`,
      { details: { bytes: fileBytes, headerBytes: Number(length) } },
    );
  return Number(length);
}

/**
 * Parses and proves a header: nothing that it says is believed before it was checked against the file's length.
 *
 * @param json the header's bytes, without the length before them
 * @param dataBytes how many bytes the file has after the header
 * @throws WeightsFileError one code a rule, see {@link WEIGHTS_CODES}
 */
export function parseHeader(
  json: Uint8Array,
  dataBytes: number,
  label: string,
  limits: ReaderLimits,
): SafetensorsHeader {
  const fail = (code: WeightsCode, sentence: string, details: Record<string, unknown> = {}): never => {
    throw weightsError(code, label, sentence, { details });
  };
  const tokens = new JsonTokens(json);
  const metadata: Record<string, string> = Object.create(null);
  const infos: TensorInfo[] = [];
  try {
    if (tokens.peek() !== "object")
      fail("weights/not-json", `has a header that is ${tokens.peek()} in JSON, wanted an object.`);
    tokens.readObject((name) => {
      if (name === "__metadata__") return readMetadata(tokens, metadata, fail);
      if (infos.length === limits.tensors)
        fail(
          "weights/too-many-tensors",
          `has more than ${limits.tensors} tensors. Raise the limit "tensors" if that is meant.`,
        );
      if (name.length > limits.nameLength)
        fail(
          "weights/name-too-long",
          `has a tensor ${quote(name)} whose name is ${name.length} characters long, the limit is ${limits.nameLength}. Raise the limit "nameLength" if that is meant.`,
        );
      infos.push(readTensorInfo(tokens, name, fail));
    });
    tokens.expectEnd();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw weightsError(
      `weights/${error.kind}`,
      label,
      `has a broken header: ${error.message} (byte ${error.offset} of the header). Download the file again, or write it anew.`,
      { details: { offset: error.offset } },
    );
  }
  return { metadata, tensors: placeTensors(infos, dataBytes, fail) };
}

type Fail = (code: WeightsCode, sentence: string, details?: Record<string, unknown>) => never;

function readMetadata(tokens: JsonTokens, metadata: Record<string, string>, fail: Fail): void {
  const kind = tokens.peek();
  if (kind === "null") {
    tokens.readWord();
    return;
  }
  if (kind !== "object") fail("weights/metadata", `has a "__metadata__" that is ${kind}; wanted an object of strings.`);
  tokens.readObject((key) => {
    const value = tokens.peek();
    if (value !== "string")
      fail("weights/metadata", `has the metadata ${quote(key)}, which is ${value}; wanted a string.`, { key });
    metadata[key] = tokens.readString();
  });
}

function readTensorInfo(tokens: JsonTokens, name: string, fail: Fail): TensorInfo {
  const details = { tensor: name };
  const expect = (wanted: "object" | "string" | "array", what: string) => {
    const kind = tokens.peek();
    if (kind !== wanted)
      fail("weights/tensor-info", `has a tensor ${quote(name)} whose ${what} is ${kind}; wanted ${wanted}.`, details);
  };
  const readIntegers = (what: string): bigint[] => {
    const values: bigint[] = [];
    expect("array", what);
    tokens.readArray(() => {
      const kind = tokens.peek();
      const text = kind === "number" ? tokens.readNumber() : kind;
      // 20 digits hold 2^64 - 1; this also keeps BigInt() from working on megabytes of digits.
      if (!/^[0-9]{1,20}$/.test(text) || BigInt(text) > U64_MAX)
        fail(
          "weights/not-an-integer",
          `has a tensor ${quote(name)} with ${text.slice(0, 40)} in its ${what}; wanted integers from 0 to 2^64 - 1, in plain digits.`,
          details,
        );
      values.push(BigInt(text));
    });
    return values;
  };

  let dtype: Dtype | undefined;
  let shape: bigint[] | undefined;
  let offsets: bigint[] | undefined;
  expect("object", "description");
  tokens.readObject((key) => {
    if (key === "dtype") {
      expect("string", "dtype");
      const found = tokens.readString();
      if (!isDtype(found))
        return fail(
          "weights/unknown-dtype",
          `has a tensor ${quote(name)} of dtype ${quote(found)}, which the format does not know.`,
          {
            ...details,
            dtype: found,
          },
        );
      dtype = found;
    } else if (key === "shape") shape = readIntegers("shape");
    else if (key === "data_offsets") offsets = readIntegers("data_offsets");
    else tokens.skipValue();
  });
  if (dtype === undefined || shape === undefined || offsets === undefined)
    return fail("weights/tensor-info", `has a tensor ${quote(name)} without dtype, shape or data_offsets.`, details);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2)
    return fail(
      "weights/tensor-info",
      `has a tensor ${quote(name)} with ${offsets.length} data_offsets; wanted 2.`,
      details,
    );
  return { name, dtype, shape, begin, end };
}

/** Checks that the tensors cover the data without hole, overlap or rest, each with as many bytes as its shape needs. */
function placeTensors(infos: TensorInfo[], dataBytes: number, fail: Fail): Map<string, TensorPlace> {
  infos.sort((a, b) => compare(a.begin, b.begin) || compare(a.end, b.end));
  const places = new Map<string, TensorPlace>();
  let covered = 0n;
  for (const { name, dtype, shape, begin, end } of infos) {
    const details = { tensor: name };
    if (begin !== covered || end < begin)
      fail(
        "weights/offsets",
        `has a tensor ${quote(name)} at bytes [${begin}, ${end}]; wanted it to begin at ${covered}.`,
        details,
      );
    const bytes = sizeInBytes(name, dtype, shape, fail);
    if (end - begin !== bytes)
      fail(
        "weights/size-mismatch",
        `has a tensor ${quote(name)} of ${end - begin} bytes; ${dtype} [${shape.slice(0, 16)}] needs ${bytes}.`,
        details,
      );
    covered = end;
    places.set(name, { dtype, shape: shape.map(Number), begin: Number(begin), end: Number(end) });
  }
  const difference = { bytes: dataBytes, promised: String(covered) };
  if (covered > BigInt(dataBytes))
    fail(
      "weights/data-cut",
      `ends after ${dataBytes} bytes of data; its header promises ${covered}. The download is incomplete: delete the file and load again.`,
      difference,
    );
  if (covered < BigInt(dataBytes))
    fail(
      "weights/trailing-bytes",
      `has ${dataBytes} bytes of data; its tensors end after ${covered}. Something was appended: download the file again.`,
      difference,
    );
  return places;
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** Multiplied from left to right as the reference does: a product that overflows is refused even if a later size is 0. */
function sizeInBytes(name: string, dtype: Dtype, shape: readonly bigint[], fail: Fail): bigint {
  let bits = 1n;
  for (const size of [...shape, BigInt(DTYPE_BITS[dtype])]) {
    bits *= size;
    if (bits > U64_MAX)
      fail("weights/size-overflow", `has a tensor ${quote(name)} whose size in bits exceeds 2^64 - 1.`, {
        tensor: name,
      });
  }
  if (bits % 8n !== 0n)
    fail(
      "weights/size-not-whole-bytes",
      `has a tensor ${quote(name)} of ${bits} bits, which is no whole number of bytes.`,
      { tensor: name },
    );
  return bits / 8n;
}
