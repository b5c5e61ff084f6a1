import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { QuantizationError, VitrailError } from "../../errors.js";
import { makeFolder } from "../../io/make-folder.js";

/**
 * Makes a folder whole or not at all: what `write` makes stands beside its place under a name that begins with a dot, and is renamed when `write` has ended.
 *
 * @throws QuantizationError `quantize/output` for a folder that has files, is none, or can't be written; what `write` throws. There is then nothing new
 */
export async function outputFolder<Result>(folder: string, write: (draft: string) => Promise<Result>): Promise<Result> {
  const target = resolve(folder);
  await checkIsFree(target);
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await makeFolder(draft);
    const result = await write(draft);
    await rm(target, { recursive: true, force: true }); // it is empty
    await rename(draft, target);
    return result;
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
    throw notWritten(target, error);
  }
}

async function checkIsFree(target: string): Promise<void> {
  let files: string[];
  try {
    files = await readdir(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    throw refuse(target, `can't be a folder to write into (${code})`);
  }
  if (files.length > 0) throw refuse(target, `has files already ("${files[0]}")`);
}

const refuse = (target: string, why: string, cause?: unknown) =>
  new QuantizationError("quantize/output", `"${target}" ${why}. Name another folder.`, {
    cause,
    details: { folder: target },
  });

/** The system's refusal to write as ours. */
function notWritten(target: string, error: unknown): unknown {
  const cause = error instanceof VitrailError && error.code === "weights/writer-failed" ? error.cause : error;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (cause instanceof VitrailError || syscall === undefined) return error;
  return refuse(target, `can't be written (${code}): check its place, the permissions and the free space`, cause);
}
