import type { SchemaElement } from "hyparquet";
import { InputError } from "../errors.js";
import { replaceFile } from "../io/replace-file.js";
import type { NamedVector } from "./write-vectors.js";

/** A row group holds so many vectors; as many are in memory as lists of JavaScript's numbers at once. */
const GROUP = 4096;
/** `id` string, `embedding` list<element: float>; nothing may be null. */
const SCHEMA: SchemaElement[] = [
  { name: "root", num_children: 2 },
  {
    ...{ name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
    repetition_type: "REQUIRED",
  },
  {
    ...{ name: "embedding", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
    repetition_type: "REQUIRED",
  },
  { name: "list", num_children: 1, repetition_type: "REPEATED" },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
];

/** Loads the package that writes Parquet. @throws InputError `input/not-installed` */
export async function loadParquetWriter(): Promise<typeof import("hyparquet-writer")> {
  try {
    return await import("hyparquet-writer");
  } catch (cause) {
    throw new InputError(
      "input/not-installed",
      "Parquet is written by the package hyparquet-writer, which is not installed. Run: npm install hyparquet-writer",
      { cause, details: { package: "hyparquet-writer" } },
    );
  }
}

/**
 * Writes vectors as a Parquet file: columns `id` and `embedding`, a list of float32, in row groups of 4,096.
 *
 * @throws InputError `input/not-installed`, and the errors of the operating system
 */
export async function writeParquet(path: string, vectors: readonly NamedVector[]): Promise<void> {
  const { ByteWriter, ParquetWriter } = await loadParquetWriter();
  await replaceFile(path, async (append) => {
    const bytes = new ByteWriter();
    const flush = async () => {
      await append(bytes.getBytes());
      bytes.index = 0;
    };
    const file = new ParquetWriter({ writer: bytes, schema: SCHEMA, createdBy: "vitrail" });
    for (let from = 0; from < vectors.length; from += GROUP) {
      const some = vectors.slice(from, from + GROUP);
      file.write({
        columnData: [
          { name: "id", data: some.map(({ id }) => id), encoding: "PLAIN" },
          // Numbers that all differ: neither a dictionary nor compression makes them shorter.
          { name: "embedding", data: some.map(({ vector }) => [...vector]), encoding: "PLAIN", codec: "UNCOMPRESSED" },
        ],
        rowGroupSize: GROUP,
      });
      await flush();
    }
    file.finish();
    await flush();
  });
}
