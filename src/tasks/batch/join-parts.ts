import { createHash } from "node:crypto";
import { BatchError } from "../../errors.js";
import type { Append } from "../../io/replace-file.js";
import { RowCounts } from "./batch-summary.js";
import type { BatchRow, Column } from "./column.js";
import { openSink } from "./output-format.js";
import type { RunFolder } from "./run-folder.js";
import { textLines } from "./text-lines.js";

/** Bytes that are written together. */
const PIECE = 2 ** 20;

/** The whole output, and what it counts. */
export interface Joined {
  bytes: number;
  sha256: string;
  counts: RowCounts;
}

/**
 * Makes the output of all parts, in their order, whole or not at all.
 *
 * @throws BatchError `batch/damaged` for a part that has not the rows it should, `batch/output`
 */
export async function joinParts(
  run: RunFolder,
  output: string,
  columns: readonly Column[],
  signal: AbortSignal,
): Promise<Joined> {
  const counts = new RowCounts();
  const hash = createHash("sha256");
  let bytes = 0;
  await run.replace(output, async (append) => {
    const counted: Append = async (piece) => {
      hash.update(piece);
      bytes += piece.length;
      await append(piece);
    };
    const { write, flush } = inPieces(counted);
    const sink = await openSink(run.settings.format, write, columns);
    for (let part = 0; part < run.count; part++) {
      signal.throwIfAborted();
      for await (const { row, text } of rowsIn(run, part)) {
        counts.add(row);
        await sink.write(row, text);
      }
    }
    await sink.end();
    await flush();
  });
  return { bytes, sha256: hash.digest("hex"), counts };
}

async function* rowsIn(run: RunFolder, part: number): AsyncGenerator<{ row: BatchRow; text: string }> {
  const file = run.fileOf(part);
  let found = 0;
  for await (const { text } of textLines(file)) {
    let row: BatchRow;
    try {
      row = JSON.parse(text) as BatchRow;
    } catch (cause) {
      throw damaged(file, `line ${found + 1} is no JSON`, cause);
    }
    found++;
    yield { row, text };
  }
  if (found !== run.rowsOf(part)) throw damaged(file, `it has ${found} rows instead of ${run.rowsOf(part)}`);
}

function damaged(file: string, why: string, cause?: unknown): BatchError {
  return new BatchError(
    "batch/damaged",
    `"${file}" is not what a run writes: ${why}. Remove it and run again: it will be made anew.`,
    {
      cause,
      details: { file },
    },
  );
}

/** Collects small pieces, since each write waits for the operating system. */
function inPieces(append: Append): { write: Append; flush: () => Promise<void> } {
  let parts: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    const piece = Buffer.concat(parts);
    parts = [];
    length = 0;
    if (piece.length > 0) await append(piece);
  };
  return {
    flush,
    // Copied, for a writer may use its memory again.
    write: async (bytes) => {
      parts.push(bytes.slice());
      length += bytes.length;
      if (length >= PIECE) await flush();
    },
  };
}
