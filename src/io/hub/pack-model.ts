import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Readable } from "node:stream";
import { createTarPacker, type TarPackController } from "modern-tar";
import { replaceFile } from "../replace-file.js";
import { type ArchiveManifest, FILES, MANIFEST, type PackedFile } from "./archive-manifest.js";
import { cacheError } from "./cache-error.js";
import { CONFIG, INDEX, PREPROCESSOR, shardsOf, WEIGHTS } from "./cached-files.js";
import { getModel, type HubOptions } from "./get-model.js";
import { type HubSettings, hubSettings } from "./hub-settings.js";
import { ModelCache } from "./model-cache.js";

/**
 * Writes a model with the hashes of its files into one tar archive, for machines without a network; `unpackModel` reads it. Equal models give equal
 * archives. What the cache lacks is fetched first.
 *
 * @param out path of the archive; written whole or not at all
 * @throws what `getModel` throws; DownloadError `download/disk-full`, `download/cache`
 */
export async function packModel(
  id: string,
  out: string,
  options: HubOptions = {},
  settings: HubSettings = hubSettings(options.cacheDir),
): Promise<ArchiveManifest> {
  const { revision = "main", signal } = options;
  const { commit } = await getModel(id, options, settings);
  const cache = new ModelCache(settings.cacheDir, id);
  const files: PackedFile[] = [];
  for (const path of await modelFiles(cache, commit)) files.push(await describe(cache, commit, path, signal));
  const manifest: ArchiveManifest = { format: "vitrail-model", version: 1, id, revision, commit, files };
  const { readable, controller } = createTarPacker();
  try {
    await replaceFile(out, async (append) => {
      const writing = addAll(controller, manifest, cache, signal).catch((error) => controller.error(error));
      for await (const chunk of Readable.fromWeb(readable as never)) await append(chunk as Uint8Array);
      await writing;
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw cacheError(error, dirname(out));
  }
  return manifest;
}

async function addAll(
  controller: TarPackController,
  manifest: ArchiveManifest,
  cache: ModelCache,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Nothing of this machine, so that equal models give equal bytes.
  const header = { type: "file" as const, mode: 0o644, mtime: new Date(0) };
  const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await writeEntry(controller.add({ ...header, name: MANIFEST, size: text.length }), [text]);
  for (const { path, bytes } of manifest.files)
    await writeEntry(
      controller.add({ ...header, name: FILES + path, size: bytes }),
      chunksOf(cache.file(manifest.commit, path), signal),
    );
  controller.finalize();
}

async function writeEntry(
  entry: WritableStream<Uint8Array>,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const writer = entry.getWriter();
  for await (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

async function modelFiles(cache: ModelCache, commit: string): Promise<string[]> {
  const isThere = async (path: string) => ((await cache.has(commit, path)) ? [path] : []);
  const single = await isThere(WEIGHTS);
  const weights = single.length > 0 ? single : [INDEX, ...(await shardsOf(cache, commit)).sort()];
  return [CONFIG, ...(await isThere(PREPROCESSOR)), ...weights];
}

async function describe(
  cache: ModelCache,
  commit: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<PackedFile> {
  const file = cache.file(commit, path);
  const { size: bytes } = await stat(file);
  const sha256 = createHash("sha256");
  const sha1 = createHash("sha1").update(`blob ${bytes}\0`);
  for await (const chunk of chunksOf(file, signal)) {
    sha256.update(chunk);
    sha1.update(chunk);
  }
  const names = { large: sha256.digest("hex"), small: sha1.digest("hex") };
  // As the cache calls it already; a copy, which has no name there, as the Hub most likely does.
  const known = basename(await realpath(file));
  const etag = known === names.small || known === names.large ? known : /json$/.test(path) ? names.small : names.large;
  return { path, bytes, sha256: names.large, etag };
}

async function* chunksOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    yield chunk as Uint8Array;
  }
}
