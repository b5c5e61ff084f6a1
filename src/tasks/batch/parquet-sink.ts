import type { SchemaElement } from "hyparquet";
import type { Append } from "../../io/replace-file.js";
import { loadParquetWriter } from "../write-parquet.js";
import { allColumns, type BatchRow, type Column } from "./column.js";
import type { RowSink } from "./output-format.js";

/** A row group holds so many rows; as many are in memory at once. */
const GROUP = 4096;
const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;
const LIST = { converted_type: "LIST", logical_type: { type: "LIST" } } as const;
/** What every row has. */
const NEVER_NULL = ["index", "id"];

/** Rows in groups of 4,096. Texts and lists may be null: in the rows of failures, and the columns of errors in all others. */
export async function parquetSink(append: Append, own: readonly Column[]): Promise<RowSink> {
  const { ByteWriter, ParquetWriter } = await loadParquetWriter();
  const columns = allColumns(own);
  const bytes = new ByteWriter();
  const schema: SchemaElement[] = [{ name: "root", num_children: columns.length }, ...columns.flatMap(elementsOf)];
  const file = new ParquetWriter({ writer: bytes, schema, createdBy: "vitrail" });
  const flush = async () => {
    await append(bytes.getBytes());
    bytes.index = 0;
  };
  let rows: BatchRow[] = [];
  const writeGroup = async () => {
    const columnData = columns.map(({ name, kind, of }) => ({
      name,
      data: rows.map((row) => cellValue(kind, of(row))),
      // Numbers that all differ: neither a dictionary nor compression makes them shorter.
      ...(kind === "floats" && { encoding: "PLAIN" as const, codec: "UNCOMPRESSED" as const }),
    }));
    file.write({ columnData, rowGroupSize: GROUP });
    rows = [];
    await flush();
  };
  return {
    async write(row) {
      rows.push(row);
      if (rows.length === GROUP) await writeGroup();
    },
    async end() {
      if (rows.length > 0) await writeGroup();
      file.finish();
      await flush();
    },
  };
}

function cellValue(kind: Column["kind"], value: unknown): unknown {
  if (value === undefined || value === null) return null;
  return kind === "json" ? JSON.stringify(value) : value;
}

function elementsOf({ name, kind }: Column): SchemaElement[] {
  const repetition_type = NEVER_NULL.includes(name) ? "REQUIRED" : "OPTIONAL";
  switch (kind) {
    case "text":
    case "json":
      return [{ name, ...TEXT, repetition_type }];
    case "whole":
      return [{ name, type: "INT32", repetition_type }];
    case "real":
      return [{ name, type: "DOUBLE", repetition_type }];
    case "floats":
      return [
        { name, num_children: 1, ...LIST, repetition_type },
        { name: "list", num_children: 1, repetition_type: "REPEATED" },
        { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      ];
    case "labels":
      return [
        { name, num_children: 1, ...LIST, repetition_type },
        { name: "list", num_children: 1, repetition_type: "REPEATED" },
        { name: "element", num_children: 2, repetition_type: "REQUIRED" },
        { name: "label", ...TEXT, repetition_type: "REQUIRED" },
        { name: "score", type: "DOUBLE", repetition_type: "REQUIRED" },
      ];
  }
}
