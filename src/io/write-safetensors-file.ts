import { InputError, VitrailError } from "../errors.js";
import { type Append, replaceFile } from "./replace-file.js";
import { weightsError } from "./weights-error.js";
import { expectBytes, layOut, type TensorsToWrite } from "./write-safetensors.js";

/**
 * A tensor's bytes, or a function that gets them when their turn comes, so that only one tensor at a time is in memory: whole, or in pieces for
 * tensors that are larger than that.
 */
export type BytesOrSource = Uint8Array | (() => Uint8Array | Promise<Uint8Array> | Iterable<Uint8Array>);

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
  try {
    await replaceFile(path, async (append) => {
      await append(layout.head);
      for (const { name, bytes, length } of layout.tensors)
        await appendTensor(append, typeof bytes === "function" ? await bytes() : bytes, length, name);
    });
  } catch (error) {
    throw writerFailed(path, error);
  }
}

async function appendTensor(append: Append, bytes: Uint8Array | Iterable<Uint8Array>, length: number, name: string) {
  const isInPieces = !(bytes instanceof Uint8Array) && typeof bytes?.[Symbol.iterator] === "function";
  if (!isInPieces) return append(expectBytes(bytes, length, name));
  let rest = length;
  for (const piece of bytes) {
    if (piece.length > rest) expectBytes(new Uint8Array(length - rest + piece.length), length, name);
    await append(piece);
    rest -= piece.length;
  }
  if (rest > 0) expectBytes(new Uint8Array(length - rest), length, name);
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
