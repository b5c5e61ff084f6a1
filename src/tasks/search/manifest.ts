import { SearchError } from "../../errors.js";
import type { Metric } from "./search-index.js";

/**
 * How an index keeps vectors. "float32": as they are. "int8": in memory as bytes with a scale a row, a quarter, and on the disk as
 * float32 too, by which the best candidates are ranked. "int8-only": as bytes, in memory and on the disk.
 */
export type Precision = "float32" | "int8" | "int8-only";

/** A pair of files `NAME.safetensors` and `NAME.jsonl`, never changed once it is named here. */
export interface SegmentEntry {
  name: string;
  /** Vectors, and lines that tell of one. */
  rows: number;
  /** Lines that tell that an item of an earlier segment is gone. */
  removals: number;
  /** Sizes of both files. */
  bytes: { vectors: number; lines: number };
}

/** What `manifest.json` says: the index is the segments that are listed here, and nothing else. */
export interface Manifest {
  width: number;
  metric: Metric;
  precision: Precision;
  /** Of the model and preprocessing that made the vectors; null where nobody said. */
  fingerprint: string | null;
  /** Number of the next segment. */
  next: number;
  /** Oldest first. */
  segments: SegmentEntry[];
}

const FORMAT = "vitrail-index";
const VERSION = 1;

export const METRICS: readonly Metric[] = ["cosine", "dot"];
export const PRECISIONS: readonly Precision[] = ["float32", "int8", "int8-only"];

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...manifest }, null, 1)}\n`;
}

/** @throws SearchError `search/manifest` for text that is none, `search/version` for one of a later version */
export function parseManifest(text: string, path: string): Manifest {
  const fail = (why: string) =>
    new SearchError("search/manifest", `"${path}" ${why}. It is damaged, or belongs to something else.`, {
      details: { path },
    });
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(fail("is not JSON"), { cause });
  }
  if (value?.format !== FORMAT) throw fail(`has no "format": "${FORMAT}"`);
  if (value.version !== VERSION)
    throw new SearchError(
      "search/version",
      `"${path}" is of version ${JSON.stringify(value.version)}; this vitrail reads version ${VERSION}. Update vitrail.`,
      { details: { path, version: value.version } },
    );
  const { width, metric, precision, fingerprint, next, segments } = value as unknown as Manifest;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  if (!isCount(width) || width === 0 || !isCount(next)) throw fail(`has a bad "width" or "next"`);
  if (!METRICS.includes(metric)) throw fail(`has the unknown metric ${JSON.stringify(metric)}`);
  if (!PRECISIONS.includes(precision)) throw fail(`has the unknown precision ${JSON.stringify(precision)}`);
  if (fingerprint !== null && typeof fingerprint !== "string") throw fail(`has a bad "fingerprint"`);
  if (!Array.isArray(segments)) throw fail(`has no list of "segments"`);
  for (const segment of segments) {
    const counts = [segment?.rows, segment?.removals, segment?.bytes?.vectors, segment?.bytes?.lines];
    // A name goes into a path.
    if (!/^\d{6,15}$/.test(segment?.name) || !counts.every(isCount)) throw fail("has a bad segment");
  }
  return { width, metric, precision, fingerprint, next, segments };
}
