import { extname } from "node:path";
import { InputError } from "../errors.js";
import { replaceFile } from "../io/replace-file.js";
import { writeSafetensorsFile } from "../io/write-safetensors-file.js";
import { loadParquetWriter, writeParquet } from "./write-parquet.js";

/** A vector and what it is of. */
export interface NamedVector {
  id: string;
  /** `[width]` */
  vector: Float32Array;
}

/** Vectors that are turned into text, or copied, together. */
const PIECE = 1000;

/** What each format writes, by the ending of the file's name. */
const WRITERS: Record<string, (path: string, vectors: readonly NamedVector[], width: number) => Promise<void>> = {
  ".jsonl": (path, vectors) =>
    writeText(path, vectors, ({ id, vector }) => `${JSON.stringify({ id, embedding: [...vector] })}\n`),
  // NumPy's format has no place for names: they go beside it, a line of JSON each.
  ".npy": async (path, vectors, width) => {
    await replaceFile(path, async (append) => {
      await append(npyHeader(vectors.length, width));
      for (const piece of piecesOf(vectors, width)) await append(piece);
    });
    await writeText(npyIdsFile(path), vectors, ({ id }) => `${JSON.stringify(id)}\n`);
  },
  ".safetensors": (path, vectors, width) =>
    writeSafetensorsFile(
      path,
      [["vectors", { dtype: "F32", shape: [vectors.length, width], bytes: () => piecesOf(vectors, width) }]],
      { ids: JSON.stringify(vectors.map(({ id }) => id)) },
    ),
  ".parquet": writeParquet,
};

/** Where the names of a NumPy file's rows are. */
export const npyIdsFile = (path: string): string => `${path.slice(0, -".npy".length)}.ids.jsonl`;

/** Endings of files that vectors can be written into. */
const VECTOR_FORMATS = Object.keys(WRITERS);

/** @throws InputError `input/option` for a name with another ending, `input/not-installed` where a package is missing that writes it */
export async function checkVectorFile(path: string): Promise<void> {
  if (extname(path) === ".parquet") await loadParquetWriter();
  if (VECTOR_FORMATS.includes(extname(path))) return;
  throw new InputError(
    "input/option",
    `"${path}" has no ending that says how to write vectors. Use one of ${VECTOR_FORMATS.join(", ")}.`,
    {
      details: { path },
    },
  );
}

/**
 * Writes vectors of one width into a file, whole or not at all, in the format that its ending names: `.jsonl` (a line `{ "id", "embedding" }` each), `.npy`
 * (`[vectors, width]` float32, with the ids in `NAME.ids.jsonl`), `.safetensors` (`vectors`, with the ids as JSON in the metadata) or `.parquet` (`id`, and
 * `embedding` as a list of float32; needs the package hyparquet-writer).
 *
 * @throws InputError `input/option`, `input/not-installed`, and the errors of the operating system
 */
export async function writeVectors(path: string, vectors: readonly NamedVector[]): Promise<void> {
  await checkVectorFile(path);
  await WRITERS[extname(path)]!(path, vectors, vectors[0]?.vector.length ?? 0);
}

function* piecesOf(vectors: readonly NamedVector[], width: number): Generator<Uint8Array> {
  for (let from = 0; from < vectors.length; from += PIECE) {
    const some = vectors.slice(from, from + PIECE);
    const piece = new Float32Array(some.length * width);
    for (const [i, { vector }] of some.entries()) piece.set(vector, i * width);
    yield new Uint8Array(piece.buffer);
  }
}

function writeText(
  path: string,
  vectors: readonly NamedVector[],
  line: (vector: NamedVector) => string,
): Promise<void> {
  return replaceFile(path, async (append) => {
    for (let from = 0; from < vectors.length; from += PIECE)
      await append(
        new TextEncoder().encode(
          vectors
            .slice(from, from + PIECE)
            .map(line)
            .join(""),
        ),
      );
  });
}

/** Version 1.0 of NumPy's format: magic, length, and a Python literal that is filled up to a multiple of 64 bytes. */
function npyHeader(rows: number, width: number): Uint8Array {
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const fixed = 10;
  const length = Math.ceil((fixed + literal.length + 1) / 64) * 64 - fixed;
  const text = `${literal.padEnd(length - 1)}\n`;
  return new Uint8Array([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    length & 255,
    length >> 8,
    ...new TextEncoder().encode(text),
  ]);
}
