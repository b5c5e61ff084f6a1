import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it, as far as they are not there. Node's own `recursive` never returns where the folder above is there and says that it is not, as Linux's
 * `/proc` does to anyone who would write into it.
 *
 * @throws the errors of the operating system
 */
export async function makeFolder(path: string): Promise<void> {
  const { code } = (await tryOne(path)) ?? {};
  if (code === undefined) return;
  const above = dirname(path);
  if (code === "ENOENT" && above !== path && !(await isFolder(above))) await makeFolder(above);
  // Once more in any case: somebody else may have made the one above meanwhile.
  const error = await tryOne(path);
  if (error) throw error;
}

async function tryOne(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path);
  } catch (error) {
    if (!(await isFolder(path))) return error as NodeJS.ErrnoException;
  }
  return undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
