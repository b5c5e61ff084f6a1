import type { FileHandle } from "node:fs/promises";
import { BlobHash } from "./blob-hash.js";
import type { RemoteFile } from "./remote-file.js";

/** The file that a download grows in, and the hash of what is in it. */
export class PartialFile {
  bytes = 0;
  hash: BlobHash;

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: RemoteFile,
  ) {
    this.hash = new BlobHash(file.etag, file.bytes);
  }

  /** Takes over what is there already. */
  static async resume(handle: FileHandle, file: RemoteFile, signal: AbortSignal | undefined): Promise<PartialFile> {
    const part = new PartialFile(handle, file);
    const { size } = await handle.stat();
    if (size > file.bytes) await handle.truncate(0);
    const buffer = new Uint8Array(1 << 20);
    while (part.bytes < size && size <= file.bytes) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, part.bytes);
      if (bytesRead === 0) break;
      part.hash.update(buffer.subarray(0, bytesRead));
      part.bytes += bytesRead;
    }
    return part;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.bytes);
      this.hash.update(bytes.subarray(done, done + bytesWritten));
      this.bytes += bytesWritten;
      done += bytesWritten;
    }
  }

  async startOver(): Promise<void> {
    await this.handle.truncate(0);
    this.bytes = 0;
    this.hash = new BlobHash(this.file.etag, this.file.bytes);
  }
}
