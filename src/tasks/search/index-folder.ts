import { readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { SearchError, VitrailError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import { makeFolder } from "../../io/make-folder.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { replaceFile } from "../../io/replace-file.js";
import type { TensorsToWrite } from "../../io/write-safetensors.js";
import { type BytesOrSource, writeSafetensorsFile } from "../../io/write-safetensors-file.js";
import { type Manifest, manifestText, parseManifest, type SegmentEntry } from "./manifest.js";
import { takeWriteLock } from "./write-lock.js";

/** "write": made where there is none, and nobody else may write meanwhile. "read": as it is now, also beside a writer. */
export type IndexMode = "read" | "write";

/** What a new segment is made of. */
export interface SegmentContent {
  tensors: TensorsToWrite<BytesOrSource>;
  /** Of the items, in the order of their vectors. */
  items: readonly string[];
  removals: readonly string[];
}

export interface SegmentFiles {
  /** Of the items, then of the removals. */
  lines: string[];
  vectors: Checkpoint;
}

const MANIFEST = "manifest.json";
const NEWLINE = 10;
/** Strings have at most 2^29 characters in V8. */
const DECODED_BYTES = 2 ** 26;

/**
 * An index on the disk: segments that are written once, and a manifest that says which of them count. The manifest is replaced by a rename after
 * its segments have reached the disk, so that at every moment the folder holds the old state or the new one, whole.
 */
export class IndexFolder {
  private constructor(
    readonly path: string,
    /** Undefined for an index that nothing was saved to yet. */
    public manifest: Manifest | undefined,
    private readonly unlock: (() => Promise<void>) | undefined,
  ) {}

  /** @throws SearchError `search/not-found`, `search/locked`, `search/read-only`, `search/manifest`, `search/version`, `search/unreadable` */
  static async open(path: string, mode: IndexMode): Promise<IndexFolder> {
    if (mode === "read") {
      const manifest = await readManifest(path);
      if (!manifest)
        throw new SearchError(
          "search/not-found",
          `There is no index in "${path}". Check the path, or make one with mode "write".`,
          {
            details: { path },
          },
        );
      return new IndexFolder(path, manifest, undefined);
    }
    let unlock: () => Promise<void>;
    try {
      await makeFolder(path);
      unlock = await takeWriteLock(path);
    } catch (error) {
      throw writeFailed(path, error);
    }
    try {
      const folder = new IndexFolder(path, await readManifest(path), unlock);
      await folder.sweep();
      return folder;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /**
   * A segment's lines, and its vectors ready to be read. The caller closes them.
   *
   * @throws SearchError `search/segment` for files that are missing, cut or changed
   */
  async readSegment({ name, rows, removals, bytes }: SegmentEntry): Promise<SegmentFiles> {
    const damaged = (file: string, why: string, cause?: unknown) =>
      new SearchError("search/segment", `"${join(this.path, file)}" ${why}. Restore the index, or make it again.`, {
        cause,
        details: { path: join(this.path, file) },
      });
    const files = { lines: `${name}.jsonl`, vectors: `${name}.safetensors` };
    for (const kind of ["lines", "vectors"] as const) {
      const found = await stat(join(this.path, files[kind])).catch(() => undefined);
      if (!found) throw damaged(files[kind], "is not there");
      if (found.size !== bytes[kind])
        throw damaged(files[kind], `has ${found.size} bytes; the manifest says ${bytes[kind]}`);
    }
    let lines: string[];
    try {
      lines = splitLines(await readFile(join(this.path, files.lines)));
    } catch (cause) {
      throw damaged(files.lines, `can't be read (${(cause as Error).message})`, cause);
    }
    if (lines.length !== rows + removals)
      throw damaged(files.lines, `has ${lines.length} lines; the manifest says ${rows + removals}`);
    try {
      return { lines, vectors: await openCheckpoint(join(this.path, files.vectors)) };
    } catch (cause) {
      throw damaged(files.vectors, "is no sound safetensors file", cause);
    }
  }

  /**
   * Writes a new segment, if there is one, and makes a new manifest valid: all of it or nothing.
   *
   * @param manifest what is to be; the new segment is added to its list
   * @returns the new segment
   * @throws SearchError `search/read-only`, `search/write-failed`; the index is then as it was
   */
  async commit(manifest: Manifest, content: SegmentContent | undefined): Promise<SegmentEntry | undefined> {
    try {
      const entry = content && (await this.writeSegment(manifest.next, content));
      const next = entry ? { ...manifest, next: manifest.next + 1, segments: [...manifest.segments, entry] } : manifest;
      const text = new TextEncoder().encode(manifestText(next));
      await replaceFile(join(this.path, MANIFEST), (append) => append(text));
      this.manifest = next;
      return entry;
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /** Deletes what no manifest names any more: segments that were merged, and what a process left that was stopped. */
  async sweep(): Promise<void> {
    const known = new Set(this.manifest?.segments.map(({ name }) => name));
    for (const file of await readdir(this.path)) {
      const segment = /^(\d{6,15})\.(safetensors|jsonl)$/.exec(file)?.[1];
      const isDraft = /^\.(\d{6,15}\.(safetensors|jsonl)|manifest\.json)\.[0-9a-f]{12}\.tmp$/.test(file);
      // A file that can't be deleted now is deleted another time.
      if (isDraft || (segment && !known.has(segment))) await unlink(join(this.path, file)).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.unlock?.();
  }

  private async writeSegment(number: number, { tensors, items, removals }: SegmentContent): Promise<SegmentEntry> {
    const name = String(number).padStart(6, "0");
    const path = join(this.path, name);
    await writeSafetensorsFile(`${path}.safetensors`, tensors);
    const lines = [items, removals];
    const encoder = new TextEncoder();
    await replaceFile(`${path}.jsonl`, async (append) => {
      for (const list of lines)
        for (let from = 0; from < list.length; from += 10_000)
          await append(encoder.encode(`${list.slice(from, from + 10_000).join("\n")}\n`));
    });
    const bytes = {
      vectors: (await stat(`${path}.safetensors`)).size,
      lines: (await stat(`${path}.jsonl`)).size,
    };
    return { name, rows: items.length, removals: removals.length, bytes };
  }
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new SearchError(
      "search/unreadable",
      `"${path}" can't be read (${code}). Check its permissions and the disk.`,
      {
        cause,
        details: { path, systemCode: code },
      },
    );
  }
  return parseManifest(text, path);
}

/** Lines that end with a newline each; the last may lack it. */
function splitLines(bytes: Uint8Array): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const wanted = Math.min(bytes.length, from + DECODED_BYTES) - 1;
    const last = wanted === bytes.length - 1 ? wanted : bytes.lastIndexOf(NEWLINE, wanted);
    const end = last < from ? bytes.length : last + 1;
    const text = decoder.decode(bytes.subarray(from, end));
    for (const line of text.split("\n")) lines.push(line);
    if (lines.at(-1) === "") lines.pop();
    from = end;
  }
  return lines;
}

/** The system's refusal to write as ours. */
function writeFailed(path: string, error: unknown): unknown {
  const cause = error instanceof VitrailError && error.code === "weights/writer-failed" ? error.cause : error;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (cause instanceof VitrailError || syscall === undefined) return error;
  const details = { path, systemCode: code };
  if (code === "EACCES" || code === "EROFS" || code === "EPERM")
    return new SearchError(
      "search/read-only",
      `The index "${path}" can't be written (${code}). Open it with mode "read", or change the folder's permissions.`,
      { cause, details },
    );
  if (code === "EEXIST" || code === "ENOTDIR")
    return new SearchError(
      "search/write-failed",
      `"${path}" can't be an index (${code}): there, or above it, is a file and no folder. Name another folder.`,
      { cause, details },
    );
  const advice =
    code === "ENOSPC" || code === "EDQUOT" ? "The disk is full: make room" : "Check the folder and the disk";
  return new SearchError(
    "search/write-failed",
    `The index "${path}" can't be written (${code}). ${advice}, then save again: the index on the disk is as it was, and nothing added is lost.`,
    { cause, details },
  );
}
