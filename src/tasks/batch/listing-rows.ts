import { extname } from "node:path";
import { InputError } from "../../errors.js";
import { parseCsv } from "../csv.js";
import { parquetRows } from "./parquet-rows.js";
import { LONGEST_LINE, type TextLine, textLines } from "./text-lines.js";

/** A row of a list: its fields, or why it has none. */
export interface ListingRow {
  /** The line it begins at; in Parquet the number of the row. From 1. */
  line: number;
  fields: Record<string, unknown> | string;
}

const READERS: Record<string, (path: string) => AsyncGenerator<ListingRow>> = {
  ".csv": csvRows,
  ".jsonl": jsonRows,
  ".ndjson": jsonRows,
  ".parquet": parquetRows,
};

/** Whether a file's name says that it is a list of pictures. */
export function isListing(path: string): boolean {
  return Object.hasOwn(READERS, extname(path).toLowerCase());
}

/**
 * The rows of a list, a few at a time however long it is: CSV with a header, a JSON object a line, or Parquet.
 *
 * @throws InputError `input/listing`; `input/not-installed` for Parquet without the package that reads it
 */
export function listingRows(path: string): AsyncGenerator<ListingRow> {
  return READERS[extname(path).toLowerCase()]!(path);
}

async function* jsonRows(path: string): AsyncGenerator<ListingRow> {
  for await (const { line, text } of textLines(path)) if (text.trim() !== "") yield { line, fields: jsonFields(text) };
}

function jsonFields(text: string): ListingRow["fields"] {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : "The line is no JSON object.";
  } catch {
    return "The line is no JSON.";
  }
}

async function* csvRows(path: string): AsyncGenerator<ListingRow> {
  let columns: string[] | undefined;
  for await (const { line, text } of csvRecords(path)) {
    const [row] = parseCsv(text);
    if (!row) continue;
    if (!columns) columns = row.cells.map((name) => name.trim());
    else if (row.cells.length !== columns.length)
      yield { line, fields: `The line has ${row.cells.length} cells; the header ${columns.length}.` };
    else yield { line, fields: Object.fromEntries(columns.map((name, i) => [name, row.cells[i]])) };
  }
}

/** Lines, joined where a quoted cell goes on over its line's end: as long as the number of quotes is odd. */
async function* csvRecords(path: string): AsyncGenerator<TextLine> {
  let open: TextLine | undefined;
  for await (const { line, text } of textLines(path)) {
    const record: TextLine = open ? { line: open.line, text: `${open.text}\n${text}` } : { line, text };
    const isOpen = (record.text.match(/"/g)?.length ?? 0) % 2 === 1;
    if (!isOpen) yield record;
    else if (record.text.length > LONGEST_LINE)
      throw new InputError("input/listing", `In "${path}", a quote in line ${record.line} does not end.`, {
        details: { path, line: record.line },
      });
    open = isOpen ? record : undefined;
  }
  if (open) yield open;
}
