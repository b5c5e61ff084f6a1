import { extname } from "node:path";
import { InputError } from "../../errors.js";
import type { Append } from "../../io/replace-file.js";
import { loadParquetWriter } from "../write-parquet.js";
import type { BatchRow, Column } from "./column.js";
import { csvSink } from "./csv-sink.js";
import { parquetSink } from "./parquet-sink.js";

/** Takes rows in their order and writes them. */
export interface RowSink {
  /** @param line the row as it stands in its part, without the end of the line */
  write(row: BatchRow, line: string): Promise<void>;
  end(): Promise<void>;
}

type MakeSink = (append: Append, columns: readonly Column[]) => Promise<RowSink>;

const FORMATS: Readonly<Record<string, MakeSink>> = { jsonl: jsonlSink, csv: csvSink, parquet: parquetSink };

/** @throws InputError `input/option` for an ending that says no format, `input/not-installed` where a package is missing that writes it */
export async function outputFormat(path: string): Promise<string> {
  const format = extname(path).slice(1).toLowerCase();
  if (!Object.hasOwn(FORMATS, format))
    throw new InputError(
      "input/option",
      `"${path}" has no ending that says how to write rows. Use .jsonl, .csv or .parquet.`,
      { details: { path } },
    );
  if (format === "parquet") await loadParquetWriter();
  return format;
}

export function openSink(format: string, append: Append, columns: readonly Column[]): Promise<RowSink> {
  return FORMATS[format]!(append, columns);
}

async function jsonlSink(append: Append): Promise<RowSink> {
  return { write: (_, line) => append(new TextEncoder().encode(`${line}\n`)), end: async () => {} };
}
