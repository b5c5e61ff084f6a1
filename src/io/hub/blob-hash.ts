import { createHash } from "node:crypto";

/** The hash that names a blob: SHA-256 of large files, git's SHA-1, which counts a header, of small ones. */
export class BlobHash {
  private readonly hash;

  /** @param etag 64 or 40 hexadecimal digits */
  constructor(
    private readonly etag: string,
    bytes: number,
  ) {
    this.hash = etag.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
  }

  update(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  /** Whether the bytes were those that the name promises. Ends the hash. */
  matches(): boolean {
    return this.hash.digest("hex") === this.etag;
  }
}
