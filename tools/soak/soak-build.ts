import type * as server from "../../src/exports/server.js";
import type * as vitrail from "../../src/index.js";

/** What is put under load: the built package, or the sources built for a test. */
export interface SoakBuild extends Pick<typeof server, "createServer" | "listen">, Pick<typeof vitrail, "loadModel"> {
  /** The command line's script. */
  cli: string;
}

/** One thing that was measured, and what it had to be. */
export interface Figure {
  what: string;
  found: string;
  wanted: string;
  passes: boolean;
}

/** What a scenario found. */
export interface Findings {
  /** Number in the table of service tests. */
  id: string;
  title: string;
  figures: Figure[];
}

/** A figure that has to be at most or at least something. */
export function bound(what: string, found: number, sign: "<=" | ">=" | "=", limit: number, unit = ""): Figure {
  const passes = sign === "<=" ? found <= limit : sign === ">=" ? found >= limit : found === limit;
  const text = (value: number) => `${Number.isInteger(value) ? value : value.toPrecision(3)}${unit && ` ${unit}`}`;
  return { what, found: text(found), wanted: `${sign} ${text(limit)}`, passes };
}

export const until = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The value below which a share of the values are. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
