import { InputError } from "../../errors.js";
import type { ListingRow } from "./listing-rows.js";

/** As many rows are read at once: with pictures in them, some tens of megabytes. */
const GROUP = 256;
/** Columns that hold encoded pictures. */
const MAY_BE_BYTES = ["bytes", "image_bytes", "image"];

/** Loads the package that reads Parquet. @throws InputError `input/not-installed` */
async function loadParquetReader(): Promise<typeof import("hyparquet")> {
  try {
    return await import("hyparquet");
  } catch (cause) {
    throw new InputError(
      "input/not-installed",
      "Parquet is read by the package hyparquet, which is not installed. Run: npm install hyparquet",
      { cause, details: { package: "hyparquet" } },
    );
  }
}

/** The rows of a Parquet file. @throws InputError `input/listing`, `input/not-installed` */
export async function* parquetRows(path: string): AsyncGenerator<ListingRow> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await loadParquetReader();
  const reading = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      throw new InputError("input/listing", `"${path}" can't be read as Parquet: ${(cause as Error).message}`, {
        cause,
        details: { path },
      });
    }
  };
  const file = await reading(() => asyncBufferFromFile(path));
  const metadata = await reading(() => parquetMetadataAsync(file));
  const rows = Number(metadata.num_rows);
  for (let from = 0; from < rows; from += GROUP) {
    const rowEnd = Math.min(from + GROUP, rows);
    // Bytes must stay bytes: a picture is no text.
    const group = await reading(() => parquetReadObjects({ file, metadata, rowStart: from, rowEnd, utf8: false }));
    for (const [i, fields] of group.entries()) yield { line: from + i + 1, fields: withTexts(fields) };
  }
}

/** Texts whose writer did not say that they are some. */
function withTexts(fields: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(fields).map(([name, value]) =>
    value instanceof Uint8Array && !MAY_BE_BYTES.includes(name)
      ? [name, new TextDecoder().decode(value)]
      : [name, value],
  );
  return Object.fromEntries(named);
}
