import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { TrainingError, VitrailError } from "../../errors.js";
import { parseCsv } from "../csv.js";
import { type Example, type Omission, omission } from "./example.js";

/** What the column or field of the picture's path may be called; `file_name` is that of Hugging Face's `metadata.jsonl`. */
const PATH_FIELDS = ["path", "image", "file", "file_name"];
/** Between the labels of a picture in a CSV. */
const SEPARATOR = "|";

/**
 * Examples of a list in a file. CSV: a header with `path` and `label`, or `labels` with `|` between them. JSON lines: `{ "path", "label" }` or
 * `{ "path", "labels": [] }`. Paths are relative to the list's folder. A line that can't be understood is left out.
 *
 * @throws TrainingError `training/listing` for a file that can't be read, or a CSV without these columns
 */
export async function readListing(path: string, format: ".csv" | ".jsonl", omitted: Omission[]): Promise<Example[]> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    throw new TrainingError("training/listing", `"${path}" can't be read as UTF-8 text. Check the file.`, {
      cause,
      details: { path },
    });
  }
  const rows = format === ".csv" ? csvRows(text, path) : jsonRows(text);
  const examples: Example[] = [];
  for (const [line, row] of rows) {
    const name = `${path}:${line}`;
    try {
      examples.push(exampleOf(row(), dirname(path), name));
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
      omitted.push(omission(name, error));
    }
  }
  return examples;
}

/** A line's number and its fields, which may be beyond understanding. */
type Row = [line: number, fields: () => Record<string, unknown>];

function csvRows(text: string, path: string): Row[] {
  const [header = { line: 1, cells: [] }, ...rows] = parseCsv(text);
  const columns = header.cells.map((name) => name.trim());
  if (!columns.some((name) => PATH_FIELDS.includes(name)) || !(columns.includes("label") || columns.includes("labels")))
    throw new TrainingError(
      "training/listing",
      `"${path}" begins with the columns "${columns.join('", "')}"; wanted a header with "path" and "label" or "labels".`,
      { details: { path, columns } },
    );
  return rows.map(({ line, cells }) => [
    line,
    () => {
      if (cells.length !== columns.length)
        throw new TrainingError(
          "training/listing",
          `The line has ${cells.length} cells; the header ${columns.length}.`,
        );
      const fields: Record<string, unknown> = Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
      if (typeof fields.labels === "string")
        fields.labels = fields.labels
          .split(SEPARATOR)
          .map((label) => label.trim())
          .filter(Boolean);
      return fields;
    },
  ]);
}

function jsonRows(text: string): Row[] {
  return text.split(/\r?\n/).flatMap((line, index): Row[] => {
    if (line.trim() === "") return [];
    const parse = () => {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (cause) {
        throw new TrainingError("training/listing", "The line is no JSON.", { cause });
      }
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
      throw new TrainingError("training/listing", "The line is no JSON object.");
    };
    return [[index + 1, parse]];
  });
}

function exampleOf(fields: Record<string, unknown>, folder: string, name: string): Example {
  const path = PATH_FIELDS.map((field) => fields[field]).find((value) => value !== undefined);
  if (typeof path !== "string" || path === "")
    throw new TrainingError("training/listing", `${name} has no "path" of a picture.`);
  const { label, labels } = fields as { label?: unknown; labels?: unknown };
  if (label == null && labels == null)
    throw new TrainingError("training/labels", `${name} has neither "label" nor "labels".`);
  return {
    image: isAbsolute(path) ? path : join(folder, path),
    name: path,
    ...(labels != null
      ? { labels: (Array.isArray(labels) ? labels : [labels]).map(String) }
      : { label: String(label) }),
  };
}
