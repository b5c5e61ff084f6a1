import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** fs.write takes at most 2^31 - 1 bytes at once. */
const CHUNK_BYTES = 2 ** 30;

/** Writes bytes behind those that came before. */
export type Append = (bytes: Uint8Array) => Promise<void>;

/**
 * Replaces a file, or makes it, whole or not at all: it is written beside its place under a name that begins with a dot and ends with `.tmp`,
 * flushed to the disk, then renamed.
 *
 * @throws what `write` throws, and the errors of the operating system; what was at `path` is then untouched
 */
export async function replaceFile(path: string, write: (append: Append) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`);
  let file: FileHandle | undefined;
  try {
    const opened = await open(temporary, "wx");
    file = opened;
    await write((bytes) => appendAll(opened, bytes));
    await opened.sync();
    await opened.close();
    await rename(temporary, path);
  } catch (error) {
    await file?.close().catch(() => {});
    if (file !== undefined) await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

async function appendAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.length - done));
    done += bytesWritten;
  }
}

/** So that the new name survives a power cut too. Some systems can't open a folder; the file itself is safe already. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
