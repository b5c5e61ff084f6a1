import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { COMMIT } from "./model-id.js";

/** Where huggingface_hub keeps a model (https://huggingface.co/docs/hub/local-cache). Paths only; names must have been checked. */
export class ModelCache {
  /** `models--owner--name` */
  readonly folder: string;
  readonly locks: string;

  constructor(
    readonly root: string,
    readonly id: string,
  ) {
    const name = `models--${id.replace("/", "--")}`;
    this.folder = join(root, name);
    this.locks = join(root, ".locks", name);
  }

  get blobs(): string {
    return join(this.folder, "blobs");
  }
  get refs(): string {
    return join(this.folder, "refs");
  }
  get snapshots(): string {
    return join(this.folder, "snapshots");
  }
  blob(etag: string): string {
    return join(this.blobs, etag);
  }
  /** A name of our own: Python appends to its partial files, or did, under a lock that Node can't see. Its scan knows the ending. */
  partial(etag: string): string {
    return join(this.blobs, `${etag}.vitrail.incomplete`);
  }
  /** A name of our own too: Python leaves its lock files behind. */
  lock(etag: string): string {
    return join(this.locks, `${etag}.vitrail.lock`);
  }
  ref(revision: string): string {
    return join(this.refs, ...revision.split("/"));
  }
  snapshot(commit: string): string {
    return join(this.snapshots, commit);
  }
  /** @param file with forward slashes */
  file(commit: string, file: string): string {
    return join(this.snapshot(commit), ...file.split("/"));
  }
  /** An empty file that says: the Hub has no such file at this commit. */
  absence(commit: string, file: string): string {
    return join(this.folder, ".no_exist", commit, ...file.split("/"));
  }

  /** The commit that a branch or tag was at when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    const text = await readFile(this.ref(revision), "utf8").catch(() => "");
    return COMMIT.test(text.trim()) ? text.trim() : undefined;
  }

  async has(commit: string, file: string): Promise<boolean> {
    return await isFile(this.file(commit, file));
  }
}

/** Links are followed: one that leads nowhere is no file. */
export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
