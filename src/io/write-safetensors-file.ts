import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, VitrailError } from "../errors.js";
import { weightsError } from "./weights-error.js";
import { expectBytes, layOut, type TensorsToWrite } from "./write-safetensors.js";

/** A tensor's bytes, or a function that gets them when their turn comes, so that only one tensor at a time is in memory. */
export type BytesOrSource = Uint8Array | (() => Uint8Array | Promise<Uint8Array>);

/** fs.write takes at most 2^31 - 1 bytes at once. */
const CHUNK_BYTES = 2 ** 30;

/**
 * Writes tensors into a safetensors file, with the bytes of `writeSafetensors`. The file appears whole or not at all: it is
 * written beside its place, flushed to the disk, then renamed.
 *
 * @throws WeightsFileError as `writeSafetensors`, and `weights/writer-failed`; what was at `path` is then untouched
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: TensorsToWrite<BytesOrSource>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw new InputError(
      "input/not-a-path",
      `writeSafetensorsFile got ${JSON.stringify(path)}; wanted the path of a file.`,
    );
  const layout = layOut(tensors, metadata);
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, "wx");
    await writeAll(file, layout.head);
    for (const { name, bytes, length } of layout.tensors)
      await writeAll(file, expectBytes(typeof bytes === "function" ? await bytes() : bytes, length, name));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file?.close().catch(() => {});
    if (file !== undefined) await unlink(temporary).catch(() => {});
    throw writerFailed(path, error);
  }
  await syncFolder(dirname(path));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.length - done));
    done += bytesWritten;
  }
}

function writerFailed(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  // What a source of bytes throws is its own: only the system's errors are about this file.
  if (cause instanceof VitrailError || (cause as NodeJS.ErrnoException).syscall === undefined) return cause;
  return weightsError(
    "weights/writer-failed",
    path,
    `can't be written (${code}). Check the folder, its permissions and the free space.`,
    {
      details: { systemCode: code },
      cause,
    },
  );
}

/** So that the new name survives a power cut too. Some systems can't open a folder; the file itself is safe already. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
