import { createHash } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { TrainingError, VitrailError } from "../../errors.js";
import { makeFolder } from "../../io/make-folder.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { writeSafetensorsFile } from "../../io/write-safetensors-file.js";

/** Parts from which on they are merged into one. */
const MOST_PARTS = 32;
/** What a process left that was stopped while it wrote. */
const DRAFT = /^\.[0-9a-f]{32}\.safetensors\.[0-9a-f]{12}\.tmp$/;
/** After so long nobody writes a part any more. */
const DRAFT_MS = 3_600_000;
const PART = /^[0-9a-f]{32}\.safetensors$/;

/**
 * Features of pictures by key, kept in a folder so that a picture passes the backbone once and never again. A part is a safetensors file, whole or not
 * there, named by the hash of its keys and features: `features` `[pictures, width]` with the keys in the metadata. One that is cut or changed does not
 * have its name's hash and is thrown away, so that its features are made anew. Any number of processes may share a folder.
 */
export class FeatureCache {
  private readonly known = new Map<string, Float32Array>();
  private readonly unsaved = new Map<string, Float32Array>();
  /** Parts that were not as they were written, and are gone. */
  damaged = 0;

  private constructor(
    private readonly folder: string | undefined,
    private readonly width: number,
  ) {}

  /**
   * @param folder made where there is none; undefined: nothing outlives the process
   * @param fingerprint of the model and its preprocessing; each has a folder of its own in `folder`
   * @param width of a feature
   * @throws TrainingError `training/cache` for a folder that can't be made or read
   */
  static async open(folder: string | undefined, fingerprint: string, width: number): Promise<FeatureCache> {
    if (folder === undefined) return new FeatureCache(undefined, width);
    const own = join(folder, createHash("sha256").update(fingerprint).digest("hex").slice(0, 32));
    const cache = new FeatureCache(own, width);
    try {
      await makeFolder(own);
      const files = await readdir(own);
      for (const name of files) if (DRAFT.test(name)) await sweep(join(own, name));
      const parts = files.filter((name) => PART.test(name));
      for (const name of parts) await cache.read(join(own, name), name);
      if (parts.length >= MOST_PARTS) await cache.merge(parts);
    } catch (error) {
      throw cacheFailed(own, error);
    }
    return cache;
  }

  get(key: string): Float32Array | undefined {
    return this.known.get(key);
  }

  /** @param feature `[width]` */
  add(key: string, feature: Float32Array): Float32Array {
    this.known.set(key, feature);
    this.unsaved.set(key, feature);
    return feature;
  }

  /** Features that are not on the disk yet. */
  get pending(): number {
    return this.unsaved.size;
  }

  /** Writes what is new as a part of its own. @throws TrainingError `training/cache` */
  async save(): Promise<void> {
    if (this.folder === undefined || this.unsaved.size === 0) return;
    await this.write(this.unsaved);
    this.unsaved.clear();
  }

  private async write(features: ReadonlyMap<string, Float32Array>): Promise<string> {
    const keys = JSON.stringify([...features.keys()]);
    const rows = new Float32Array(features.size * this.width);
    for (const [row, feature] of [...features.values()].entries()) rows.set(feature, row * this.width);
    const bytes = new Uint8Array(rows.buffer);
    const name = partName(keys, bytes);
    const tensor = { dtype: "F32", shape: [features.size, this.width], bytes } as const;
    try {
      await writeSafetensorsFile(join(this.folder!, name), [["features", tensor]], { keys });
    } catch (error) {
      throw cacheFailed(this.folder!, error);
    }
    return name;
  }

  private async read(path: string, name: string): Promise<void> {
    try {
      await using part = await openCheckpoint(path);
      const { keys = "" } = part.metadata;
      const bytes = await part.readBytes("features");
      if (partName(keys, bytes) !== name) throw new TrainingError("training/cache", `"${path}" was changed.`);
      const rows = new Float32Array(bytes.slice().buffer);
      for (const [row, key] of (JSON.parse(keys) as string[]).entries())
        this.known.set(key, rows.subarray(row * this.width, (row + 1) * this.width));
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
      if (error.code === "weights/not-found") return; // another process merged it meanwhile
      this.damaged++;
      await unlink(path).catch(() => {});
    }
  }

  private async merge(parts: readonly string[]): Promise<void> {
    if (this.known.size === 0) return;
    const merged = await this.write(this.known);
    for (const name of parts) if (name !== merged) await unlink(join(this.folder!, name)).catch(() => {});
  }
}

/** Deletes a draft that nobody writes any more; one that can't be deleted now is another time. */
async function sweep(path: string): Promise<void> {
  const entry = await stat(path).catch(() => undefined);
  if (entry && Date.now() - entry.mtimeMs > DRAFT_MS) await unlink(path).catch(() => {});
}

function partName(keys: string, features: Uint8Array): string {
  return `${createHash("sha256").update(keys).update("\0").update(features).digest("hex").slice(0, 32)}.safetensors`;
}

function cacheFailed(folder: string, cause: unknown): unknown {
  const { code } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
  if (cause instanceof TrainingError) return cause;
  return new TrainingError(
    "training/cache",
    `The features can't be kept in "${folder}" (${code ?? (cause as Error).message}). Check the folder and the disk, or train without "cache".`,
    { cause, details: { folder, systemCode: code } },
  );
}
