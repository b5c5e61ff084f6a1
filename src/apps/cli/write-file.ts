import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../../io/make-folder.js";
import { UsageError } from "./exit-codes.js";

export function writeText(file: string, text: string): Promise<void> {
  return writing(file, () => writeFile(file, text));
}

/** Makes the folders that a file will lie in, before the work whose result it is. */
export async function prepareFolder(file: string): Promise<void> {
  await writing(file, () => makeFolder(dirname(file)));
}

/** @throws UsageError saying which file can't be written, and why */
export async function writing(file: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) throw error;
    throw new UsageError(`"${file}" can't be written (${code}). Name another place.`);
  }
}
