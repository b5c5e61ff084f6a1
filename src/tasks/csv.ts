/** A row of a CSV and the line it begins at, from 1. */
export interface CsvRow {
  line: number;
  cells: string[];
}

/** Comma-separated values as RFC 4180 has them: quoted cells may hold commas, newlines and doubled quotes. Empty lines are passed over. */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  let row: CsvRow = { line, cells: [] };
  // A cell, quoted or not, with what ends it. The end of the text ends a cell without a character.
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) {
      // A quote in the middle of a cell, or one that never ends: the rest of the line is taken as it is.
      const end = text.indexOf("\n", cell.lastIndex);
      row.cells.push(text.slice(cell.lastIndex, end < 0 ? undefined : end));
      cell.lastIndex = end < 0 ? text.length : end;
      continue;
    }
    row.cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    line += match[0].split("\n").length - 1;
    if (match[3] === ",") {
      if (cell.lastIndex === text.length) row.cells.push("");
      continue;
    }
    rows.push(row);
    row = { line, cells: [] };
  }
  if (row.cells.length > 0) rows.push(row);
  return rows.filter(({ cells }) => cells.length > 1 || cells[0] !== "");
}
