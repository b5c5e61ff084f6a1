import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { Readable } from "node:stream";
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { VitrailError } from "../../errors.js";
import { type ArchiveManifest, FILES, MANIFEST, type PackedFile, parseManifest } from "./archive-manifest.js";
import { BlobHash } from "./blob-hash.js";
import { ByteProgress } from "./byte-progress.js";
import { cacheError } from "./cache-error.js";
import { prepareFolders, writeRef } from "./cache-folders.js";
import { downloadError } from "./download-error.js";
import type { HubOptions, ModelSnapshot } from "./get-model.js";
import { type HubSettings, hubSettings } from "./hub-settings.js";
import { linkFile } from "./link-file.js";
import { isFile, ModelCache } from "./model-cache.js";

const LARGEST_MANIFEST = 1e6;

/**
 * Puts a model from an archive into the cache, after which it loads without a network. Every byte is checked against the archive's hashes; entries
 * that are links, lie elsewhere, or are not listed make the whole archive refused.
 *
 * @throws DownloadError `download/archive`, `download/disk-full`, `download/cache`; `signal.reason`
 */
export async function unpackModel(
  archive: string,
  { cacheDir, progress, signal }: Omit<HubOptions, "revision" | "token"> = {},
  settings: HubSettings = hubSettings(cacheDir),
): Promise<ModelSnapshot & { id: string; revision: string }> {
  const refuse = (what: string, cause?: unknown) =>
    downloadError("download/archive", `"${archive}" ${what}. Copy it again, or pack it again with vitrail pack.`, {
      details: { archive },
      cause,
    });
  const file = await open(archive, "r").catch((cause) => {
    throw refuse(`can't be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  });
  const bytes = file.createReadStream({ highWaterMark: 1 << 20 });
  try {
    signal?.throwIfAborted();
    const tar = Readable.toWeb(bytes) as unknown as ReadableStream<Uint8Array>;
    const entries = tar.pipeThrough(createTarDecoder({ strict: true })).getReader();
    const manifest = await readManifest(await entries.read(), archive, refuse);
    const cache = new ModelCache(settings.cacheDir, manifest.id);
    await prepareFolders(cache, manifest.commit);
    const missing = new Map(manifest.files.map((packed) => [FILES + packed.path, packed]));
    const count = new ByteProgress(progress);
    for (const { path, bytes } of manifest.files) count.expect(path, bytes);
    for (let next = await entries.read(); !next.done; next = await entries.read()) {
      const { header, body } = next.value;
      const packed = missing.get(header.name);
      if (!packed || header.type !== "file" || header.size !== packed.bytes)
        throw refuse(`has an entry ${JSON.stringify(header.name.slice(0, 200))} that its manifest does not list so`);
      missing.delete(header.name);
      if (
        !(await store(cache, packed, body, (loaded) => {
          signal?.throwIfAborted();
          count.set(packed.path, loaded);
        }))
      )
        throw refuse(`holds "${packed.path}" with other bytes than its manifest promises`);
    }
    const [first] = missing.keys();
    if (first !== undefined) throw refuse(`lacks "${first}"`);
    for (const packed of manifest.files)
      await linkFile(cache, { commit: manifest.commit, path: packed.path, etag: packed.etag }, settings.links);
    await writeRef(cache, manifest.revision, manifest.commit);
    const { id, revision, commit } = manifest;
    return { id, revision, commit, folder: cache.snapshot(commit) };
  } catch (error) {
    signal?.throwIfAborted();
    const own = cacheError(error, settings.cacheDir);
    throw own instanceof VitrailError ? own : refuse("is damaged, or no archive of a model", error);
  } finally {
    bytes.destroy();
  }
}

async function readManifest(
  first: { value?: ParsedTarEntry | undefined },
  archive: string,
  refuse: (what: string) => Error,
): Promise<ArchiveManifest> {
  const entry = first.value;
  if (entry?.header.name !== MANIFEST || entry.header.type !== "file" || entry.header.size > LARGEST_MANIFEST)
    throw refuse(`does not begin with a ${MANIFEST}`);
  return parseManifest(new Uint8Array(await new Response(entry.body).arrayBuffer()), archive);
}

/** @returns whether the bytes are the promised ones; only then are they in the cache */
async function store(
  cache: ModelCache,
  { bytes, sha256, etag }: PackedFile,
  body: ReadableStream<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const temporary = `${cache.blob(etag)}.${randomBytes(6).toString("hex")}.vitrail.incomplete`;
  const hashes = [createHash("sha256"), new BlobHash(etag, bytes)] as const;
  let handle: FileHandle | undefined = await open(temporary, "wx");
  try {
    let loaded = 0;
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      for (const hash of hashes) hash.update(chunk);
      await handle.writeFile(chunk);
      loaded += chunk.length;
      onBytes(loaded);
    }
    await handle.sync();
    await handle.close();
    handle = undefined;
    if (hashes[0].digest("hex") !== sha256 || !hashes[1].matches()) return false;
    if (!(await isFile(cache.blob(etag)))) await rename(temporary, cache.blob(etag));
    return true;
  } finally {
    await handle?.close();
    await unlink(temporary).catch(() => {});
  }
}
