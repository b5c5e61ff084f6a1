import { VitrailError } from "../../errors.js";

/** What the process ends with; documented in docs/cli.md, so stable. */
export const EXIT = { ok: 0, someFailed: 1, usage: 2, noModel: 3, checkFailed: 4, interrupted: 130 } as const;

/** A command was called with words or files that it can't use. */
export class UsageError extends Error {}

/** Failures that other words on the command line would not have. */
const USAGE =
  /^input\/(option|output|engine|threads|model-id|revision|listing|vectors|no-pictures)$|^engine\/(dtype|not-installed|only-runs|too-old)$|^(download\/setting|training\/tuning-option|quantize\/.*|batch\/(another-run|busy))$/;

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof VitrailError)) return EXIT.someFailed;
  if (error.code === "quantize/budget") return EXIT.checkFailed;
  if (USAGE.test(error.code)) return EXIT.usage;
  return /^(weights|checkpoint|download)\/|^input\/not-found$/.test(error.code) ? EXIT.noModel : EXIT.someFailed;
}
