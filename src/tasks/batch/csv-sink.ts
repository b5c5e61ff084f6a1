import type { Append } from "../../io/replace-file.js";
import { allColumns, type Column } from "./column.js";
import type { RowSink } from "./output-format.js";

/** Rows as RFC 4180 has them, with a header; lists as JSON in one cell; an empty cell for what a row does not have. */
export async function csvSink(append: Append, own: readonly Column[]): Promise<RowSink> {
  const columns = allColumns(own);
  const write = (cells: string[]) => append(new TextEncoder().encode(`${cells.join(",")}\r\n`));
  await write(columns.map(({ name }) => name));
  return {
    write: (row) => write(columns.map(({ of }) => cellOf(of(row)))),
    end: async () => {},
  };
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
