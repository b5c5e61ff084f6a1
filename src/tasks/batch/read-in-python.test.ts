import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyModel } from "../model-folder.testing.js";
import { SERVERS_PYTHON } from "../search/real-server.testing.js";
import type { BatchSpec } from "./batch-task.js";
import { loadBatchTask } from "./load-batch-task.js";
import { runBatch } from "./run-batch.js";

const ROOT = join(import.meta.dirname, "../../..");
const hasPython = spawnSync(SERVERS_PYTHON, ["-c", "import pyarrow, duckdb"]).status === 0;
const why = hasPython ? "" : " (left out: run `node tools/servers/install.mjs` to have them)";
const NAMES = ["chelsea.png", "hopper.png", "missing.png"];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-python-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A batch in all formats, as JSON lines and as Python's libraries see it. */
async function written(spec: BatchSpec) {
  const files = [];
  for (const format of ["parquet", "csv", "jsonl"]) {
    const output = join(folder, `${spec.task}.${format}`);
    const inputs = NAMES.map((name) => ({ picture: join(ROOT, "conformance/photos", name) }));
    const access = { folder };
    await runBatch({ inputs, output, task: spec.task, access, signal: new AbortController().signal }, () =>
      loadBatchTask(spec, { threads: 1 }),
    );
    files.push(output);
  }
  const script = join(ROOT, "tools/reference/read_batch.py");
  const seen = JSON.parse(execFileSync(SERVERS_PYTHON, [script, ...files]).toString());
  const lines = readFileSync(files[2]!, "utf8").trimEnd().split("\n");
  return { seen, rows: lines.map((line) => JSON.parse(line)) };
}
const errorColumns = ({ error }: { error?: { code: string; message: string } }) => ({
  error_code: error?.code ?? null,
  error_message: error?.message ?? null,
});

describe.skipIf(!hasPython)(`pyarrow and DuckDB open what batches write${why}`, () => {
  it("with labels as a list of struct", async () => {
    const { seen, rows } = await written({ task: "classify", model: tinyModel("vit"), topK: 3 });
    expect(seen.schema).toMatchObject({
      ...{ index: "int32", id: "string", label: "string", score: "double", error_code: "string" },
      labels: "list<element: struct<label: string not null, score: double not null> not null>",
    });
    const wanted = rows.map(({ index, id, labels, error }) => ({
      ...{ index, id, label: labels?.[0].label ?? null, score: labels?.[0].score ?? null, labels: labels ?? null },
      ...errorColumns({ error }),
    }));
    expect(seen.pyarrow).toEqual(wanted);
    expect(seen.parquet).toEqual(wanted);
    expect(seen.csv).toEqual(
      wanted.map(({ labels, ...row }) => ({ ...row, labels: labels && JSON.stringify(labels) })),
    );
    expect(seen.jsonl.map(({ index, id, labels, error }: (typeof rows)[0]) => ({ index, id, labels, error }))).toEqual(
      rows.map(({ index, id, labels = null, error = null }) => ({ index, id, labels, error })),
    );
  });

  it("with vectors as float32, bit by bit those of embed", async () => {
    const { seen, rows } = await written({ task: "embed", model: tinyModel("vit") });
    expect(seen.schema.embedding).toBe("list<element: float not null>");
    for (const library of ["pyarrow", "parquet"])
      expect(seen[library].map(({ embedding }: { embedding: number[] | null }) => embedding)).toEqual(
        rows.map(({ embedding }) => (embedding ? Array.from(embedding as number[], Math.fround) : null)),
      );
  });

  it("with faces as JSON", async () => {
    const { seen, rows } = await written({ task: "faces" });
    const faces = (table: { face_count: number | null; faces: string | null }[]) =>
      table.map((row) => [row.face_count, row.faces && JSON.parse(row.faces)]);
    const wanted = rows.map((row) => [row.faces?.length ?? null, row.faces ?? null]);
    expect(faces(seen.pyarrow)).toEqual(wanted);
    expect(faces(seen.parquet)).toEqual(wanted);
    expect(faces(seen.csv)).toEqual(wanted);
  });
});
