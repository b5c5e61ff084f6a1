/** A row as it stands in a part, a line of JSON. */
export interface BatchRow {
  index: number;
  id: string;
  error?: { code: string; message: string };
  [field: string]: unknown;
}

/** A column of CSV and Parquet: its name, its kind, and its value in a row that is no failure. */
export interface Column {
  name: string;
  /** `"floats"`: a list of float32. `"labels"`: a list of `{ label, score }`. `"json"`: anything, as JSON text. */
  kind: "text" | "whole" | "real" | "floats" | "labels" | "json";
  of(row: BatchRow): unknown;
}

/** What every row begins with. */
const FIRST: readonly Column[] = [
  { name: "index", kind: "whole", of: ({ index }) => index },
  { name: "id", kind: "text", of: ({ id }) => id },
];

/** What every row ends with: empty where there was no failure. */
const LAST: readonly Column[] = [
  { name: "error_code", kind: "text", of: ({ error }) => error?.code },
  { name: "error_message", kind: "text", of: ({ error }) => error?.message },
];

/** All columns of a table. In the row of a failure, the task's own are empty. */
export function allColumns(own: readonly Column[]): Column[] {
  const guarded = own.map(
    ({ name, kind, of }): Column => ({ name, kind, of: (row) => (row.error ? undefined : of(row)) }),
  );
  return [...FIRST, ...guarded, ...LAST];
}
