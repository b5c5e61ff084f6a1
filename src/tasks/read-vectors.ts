import { open } from "node:fs/promises";
import { extname } from "node:path";
import { InputError } from "../errors.js";
import { openCheckpoint } from "../io/open-checkpoint.js";
import { listingRows } from "./batch/listing-rows.js";
import { textLines } from "./batch/text-lines.js";
import type { NamedVector } from "./write-vectors.js";
import { npyIdsFile } from "./write-vectors.js";

/** Rows that are in memory at once. */
const PIECE = 1000;
/** NumPy's headers have some 120 bytes; versions after the first may have more. */
const MOST_HEADER_BYTES = 65_536;
/** What the columns may be called. */
const FIELDS = { id: ["id", "path", "file"], vector: ["embedding", "vector"] };

const READERS: Record<string, (path: string) => AsyncGenerator<NamedVector>> = {
  ".jsonl": fromRows,
  ".parquet": fromRows,
  ".npy": fromNumPy,
  ".safetensors": fromSafetensors,
};

/** Whether a file's name says that it holds vectors. */
export const isVectorFile = (path: string): boolean => Object.hasOwn(READERS, extname(path).toLowerCase());

/**
 * The vectors of a file that `writeVectors` or a batch has written, or somebody else alike: `.jsonl` and `.parquet` with `id` (or `path`, or `file`) and `embedding`, `.npy` of float32
 * with the ids in `NAME.ids.jsonl`, `.safetensors` with `vectors` and the ids in the metadata. At most a thousand are in memory at once, but for safetensors' ids.
 *
 * @throws InputError `input/vectors` for a file that is none; `input/listing`, `input/not-installed`; WeightsFileError
 */
export function readVectors(path: string): AsyncGenerator<NamedVector> {
  return READERS[extname(path).toLowerCase()]!(path);
}

async function* fromRows(path: string): AsyncGenerator<NamedVector> {
  for await (const { line, fields } of listingRows(path)) {
    const found = (names: readonly string[]) =>
      typeof fields === "string" ? undefined : names.map((name) => fields[name]).find((value) => value != null);
    const [id, vector] = [found(FIELDS.id), found(FIELDS.vector)];
    // A batch's row about a picture that failed.
    if (
      id !== undefined &&
      vector === undefined &&
      typeof fields === "object" &&
      (fields.error ?? fields.error_code) != null
    )
      continue;
    const numbers = ArrayBuffer.isView(vector) ? Array.from(vector as Float32Array) : vector;
    if (typeof id !== "string" || !Array.isArray(numbers) || !numbers.every((value) => typeof value === "number"))
      throw notVectors(path, `row ${line} has no "id" with an "embedding" of numbers`);
    yield { id, vector: Float32Array.from(numbers) };
  }
}

async function* fromSafetensors(path: string): AsyncGenerator<NamedVector> {
  await using file = await openCheckpoint(path);
  const { dtype, shape } = file.tensors.get("vectors") ?? {};
  const [rows = 0, width = 0] = shape ?? [];
  if (dtype !== "F32" || shape?.length !== 2)
    throw notVectors(path, 'it has no tensor "vectors" of float32, [rows, width]');
  const ids = parsed(file.metadata.ids ?? "");
  if (!Array.isArray(ids) || ids.length !== rows) throw notVectors(path, `its metadata have no "ids" of ${rows} rows`);
  for (let from = 0; from < rows; from += PIECE) {
    const values = new Float32Array(Math.min(PIECE, rows - from) * width);
    const begin = from * width * 4;
    await file.readInto("vectors", new Uint8Array(values.buffer), { begin, end: begin + values.byteLength });
    yield* named(values, width, ids.slice(from, from + PIECE).map(String));
  }
}

async function* fromNumPy(path: string): AsyncGenerator<NamedVector> {
  await using file = await open(path).catch((cause) => {
    throw notVectors(path, `it can't be read (${(cause as NodeJS.ErrnoException).code})`);
  });
  const header = Buffer.alloc(MOST_HEADER_BYTES);
  const { bytesRead } = await file.read(header, 0, header.length, 0);
  const { begin, rows, width } = npyHeader(path, header.subarray(0, bytesRead));
  const wanted = begin + rows * width * 4;
  const { size } = await file.stat();
  if (size !== wanted) throw notVectors(path, `it has ${size} bytes; its header says ${wanted}`);
  const ids = textLines(npyIdsFile(path));
  for (let from = 0; from < rows; from += PIECE) {
    const values = new Float32Array(Math.min(PIECE, rows - from) * width);
    const { bytesRead: got } = await file.read(
      new Uint8Array(values.buffer),
      0,
      values.byteLength,
      begin + from * width * 4,
    );
    const names: string[] = [];
    while (names.length * width < values.length) {
      const { value, done } = await ids.next();
      const id = done ? undefined : parsed(value.text);
      if (typeof id !== "string" || got !== values.byteLength)
        throw notVectors(path, `"${npyIdsFile(path)}" has no id for row ${from + names.length}`);
      names.push(id);
    }
    yield* named(values, width, names);
  }
}

/** Versions 1 to 3 of NumPy's format: magic, version, length, a Python literal. */
function npyHeader(path: string, bytes: Buffer): { begin: number; rows: number; width: number } {
  const isNumPy = bytes.length > 12 && bytes.subarray(0, 6).toString("latin1") === "\x93NUMPY";
  if (!isNumPy) throw notVectors(path, "it does not begin as NumPy's files do");
  const at = bytes[6] === 1 ? 10 : 12;
  const begin = at + (bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const literal = bytes.subarray(at, begin).toString("latin1");
  const [, rows, width] = /'shape': \((\d{1,15}), (\d{1,9})\)/.exec(literal) ?? [];
  if (!width || begin > bytes.length || !/'descr': '<f4'/.test(literal) || !/'fortran_order': False/.test(literal))
    throw notVectors(
      path,
      `it holds ${literal.trim().slice(0, 200)}; wanted float32 ('<f4') in rows, of shape (rows, width)`,
    );
  return { begin, rows: Number(rows), width: Number(width) };
}

function* named(values: Float32Array, width: number, ids: readonly string[]): Generator<NamedVector> {
  for (const [row, id] of ids.entries()) yield { id, vector: values.slice(row * width, (row + 1) * width) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notVectors(path: string, why: string): InputError {
  return new InputError(
    "input/vectors",
    `"${path}" can't be read as vectors: ${why}. Wanted a file as \`vitrail embed --out\` writes it.`,
    { details: { path } },
  );
}
