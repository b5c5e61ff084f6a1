import { fstatSync, readSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open, stat } from "node:fs/promises";
import { InputError } from "../errors.js";
import { weightsError } from "./weights-error.js";

/** fs.read takes at most 2^31 - 1 bytes at once. */
const CHUNK_BYTES = 2 ** 30;

/** A file held open for reading at given places, which notices when it is changed meanwhile. Label and path are the same. */
export class PositionalFile {
  #closing: Promise<void> | undefined;

  private constructor(
    readonly path: string,
    readonly bytes: number,
    private readonly handle: FileHandle,
    private readonly modifiedMs: number,
  ) {}

  /** @throws WeightsFileError `weights/not-found`, `weights/not-a-file`, `weights/unreadable` */
  static async open(path: string): Promise<PositionalFile> {
    // Asked before opening: to open a pipe would wait for its writer.
    const before = await statIfThere(path);
    if (before === undefined) throw weightsError("weights/not-found", path, await whyNotFound(path));
    if (!before.isFile())
      throw weightsError(
        "weights/not-a-file",
        path,
        `is ${before.isDirectory() ? "a folder" : "a pipe, socket or device"}; wanted a file.`,
      );
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, "r");
      const found = await handle.stat();
      return new PositionalFile(path, found.size, handle, found.mtimeMs);
    } catch (cause) {
      await handle?.close();
      throw unreadable(path, cause);
    }
  }

  /** Fills `target` with the bytes from `position` on. */
  async readInto(target: Uint8Array, position: number): Promise<void> {
    this.#assertOpen();
    try {
      for (let done = 0; done < target.length; ) {
        const length = Math.min(CHUNK_BYTES, target.length - done);
        const { bytesRead } = await this.handle.read(target, done, length, position + done);
        if (bytesRead === 0) throw this.#changed("ended early");
        done += bytesRead;
      }
      this.#assertUnchanged(await this.handle.stat());
    } catch (error) {
      this.#assertOpen(); // close() while this read was waiting
      throw unreadable(this.path, error);
    }
  }

  /** As {@link readInto}, without giving other work a turn. */
  readIntoSync(target: Uint8Array, position: number): void {
    this.#assertOpen();
    try {
      for (let done = 0; done < target.length; ) {
        const length = Math.min(CHUNK_BYTES, target.length - done);
        const bytesRead = readSync(this.handle.fd, target, done, length, position + done);
        if (bytesRead === 0) throw this.#changed("ended early");
        done += bytesRead;
      }
      this.#assertUnchanged(fstatSync(this.handle.fd));
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.handle.close();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new InputError(
        "input/closed",
        `The checkpoint of "${this.path}" was closed; open it again to read from it.`,
      );
  }

  /** Asked after a read: what changed before it or during it shows alike. */
  #assertUnchanged(now: Stats): void {
    if (now.size !== this.bytes || now.mtimeMs !== this.modifiedMs) throw this.#changed("was written to");
  }

  #changed(what: string) {
    return weightsError(
      "weights/file-changed",
      this.path,
      `${what} while it was open. Open the checkpoint again once the file is complete.`,
    );
  }
}

/** The file behind a path, links followed; undefined where there is none. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, cause);
  }
}

async function whyNotFound(path: string): Promise<string> {
  const isLink = await lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
  return isLink
    ? "is a link to a file that is not there. The cache is incomplete: download the model again."
    : "does not exist. Check the path.";
}

/** An error of the operating system as ours; an error that is ours already stays as it is. */
export function unreadable(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  // Ours have a code with a room, the system's are like EACCES.
  if (code?.includes("/")) return cause;
  return weightsError(
    "weights/unreadable",
    path,
    `can't be read (${code ?? cause}). Check its permissions and the disk.`,
    {
      details: { systemCode: code },
      cause,
    },
  );
}
