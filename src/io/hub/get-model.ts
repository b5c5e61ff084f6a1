import { statfs } from "node:fs/promises";
import { DownloadError } from "../../errors.js";
import { ByteProgress, type DownloadProgress } from "./byte-progress.js";
import { cacheError } from "./cache-error.js";
import { prepareFolders, writeRef } from "./cache-folders.js";
import { CONFIG, cacheGaps } from "./cached-files.js";
import { downloadError, isTransient } from "./download-error.js";
import { fetchBlob } from "./fetch-blob.js";
import { HubClient } from "./hub-client.js";
import { type HubSettings, hubSettings } from "./hub-settings.js";
import { inParallel } from "./in-parallel.js";
import { linkFile } from "./link-file.js";
import { ModelCache } from "./model-cache.js";
import { COMMIT, checkModelId, checkRevision } from "./model-id.js";
import { neededFiles } from "./needed-files.js";
import { readToken } from "./read-token.js";
import { describeFile, type RemoteFile } from "./remote-file.js";

export interface HubOptions {
  /** A branch, a tag, `refs/pr/N` or a commit. Default "main". */
  revision?: string;
  /** For models that are private or gated. Default: `HF_TOKEN`, else what `hf auth login` left. `false`: none. */
  token?: string | false;
  /** Where models are kept. Default: where Python's huggingface_hub keeps them. */
  cacheDir?: string;
  /** Told of the bytes that come, some ten times a second. Not called for a model that is in the cache. */
  progress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

export interface ModelSnapshot {
  /** With `config.json` and the weights. */
  folder: string;
  commit: string;
}

/** Files at once; the Hub's storage is fastest with a few. */
const PARALLEL = 4;

/**
 * A model of the Hub as a folder in the cache: what the cache lacks of the files that are needed is fetched. One that is in the cache costs a
 * question of its commit, or nothing where the revision is a commit or a variable forbids the network.
 *
 * @param id `owner/name`
 * @throws InputError `input/model-id`, `input/revision`; DownloadError, see `DOWNLOAD_CODES`; WeightsFileError for an index of shards that is
 *   broken or names files outside its folder; `signal.reason`
 */
export async function getModel(
  id: string,
  options: HubOptions = {},
  settings: HubSettings = hubSettings(options.cacheDir),
): Promise<ModelSnapshot> {
  const { revision = "main", token, progress, signal } = options;
  checkModelId(id);
  checkRevision(revision);
  const cache = new ModelCache(settings.cacheDir, id);
  const known = await cache.commitOf(revision);
  const gaps = known === undefined ? undefined : await cacheGaps(cache, known);
  const cached = known !== undefined && gaps?.missing.length === 0 ? snapshotOf(cache, known) : undefined;
  if (settings.offlineBy !== undefined) {
    if (cached) return cached;
    throw offline(settings, { id, revision }, gaps?.missing);
  }
  if (cached && COMMIT.test(revision) && gaps?.unknown.length === 0) return cached;

  const client = new HubClient(settings, await readToken(token, settings));
  try {
    const config = await describeFile(client, settings, { id, revision }, CONFIG, {
      // Who has the model already need not wait for a network that is not there.
      ...(cached && { attempts: 1 }),
      signal,
    }).catch((error) => {
      if (cached && isNoAnswer(error)) return undefined;
      throw error;
    });
    if (!config) return cached!;
    await complete(client, settings, cache, { config, revision, progress, signal });
    return snapshotOf(cache, config.commit);
  } catch (error) {
    signal?.throwIfAborted();
    throw cacheError(error, settings.cacheDir);
  } finally {
    await client.close();
  }
}

interface Wanted extends Pick<HubOptions, "progress" | "signal"> {
  /** What the Hub says of `config.json`, and with it the commit of all. */
  config: RemoteFile;
  revision: string;
}

async function complete(
  client: HubClient,
  settings: HubSettings,
  cache: ModelCache,
  { config, revision, progress, signal }: Wanted,
): Promise<void> {
  const { commit } = config;
  const gaps = await cacheGaps(cache, commit);
  if (gaps.missing.length > 0 || gaps.unknown.length > 0) {
    const bytes = new ByteProgress(progress);
    const fetchOne = async (file: RemoteFile, stop = signal) => {
      const onBytes = (count: number) => bytes.set(file.path, count);
      await fetchBlob(client, settings, cache, file, { signal: stop, onBytes });
      await linkFile(cache, file, settings.links);
    };
    const prepared = () => prepareFolders(cache, commit);
    const needed = await neededFiles(client, settings, cache, { config, fetchOne, prepared, signal });
    const files: RemoteFile[] = [];
    for (const file of needed) if (!(await cache.has(commit, file.path))) files.push(file);
    for (const file of files) bytes.expect(file.path, file.bytes);
    if (files.length > 0) await prepared();
    await checkRoom(settings.cacheDir, files);
    await inParallel(files, { width: PARALLEL, signal }, fetchOne);
  }
  // Last: a ref never leads to a snapshot that is not whole. A cache that can't be written to still serves.
  await writeRef(cache, revision, commit).catch(() => {});
}

function snapshotOf(cache: ModelCache, commit: string): ModelSnapshot {
  return { folder: cache.snapshot(commit), commit };
}

/** Whether the Hub did not say anything that contradicts the cache; as huggingface_hub judges. */
function isNoAnswer(error: unknown): boolean {
  if (!(error instanceof DownloadError) || error.code === "download/proxy") return false;
  return (
    isTransient(error) ||
    /^download\/(certificate|unauthorized|forbidden|gated|not-found|refused|not-a-hub)$/.test(error.code)
  );
}

/** Before the first byte, not after an hour. */
async function checkRoom(folder: string, files: readonly RemoteFile[]): Promise<void> {
  const wanted = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined || disk.blocks === 0 || disk.bavail * disk.bsize >= wanted) return;
  const free = disk.bavail * disk.bsize;
  throw downloadError(
    "download/disk-full",
    `The disk of the cache "${folder}" has ${free} bytes left; the model takes ${wanted}. Make room, or set HF_HUB_CACHE to a folder on another disk.`,
    { details: { folder, free, wanted } },
  );
}

function offline(
  { offlineBy, cacheDir }: HubSettings,
  { id, revision }: { id: string; revision: string },
  missing: string[] | undefined,
) {
  const lacks = missing ? `lacks ${missing.slice(0, 3).join(", ")} of` : "does not have";
  return downloadError(
    "download/offline",
    `${offlineBy} forbids the network, and the cache "${cacheDir}" ${lacks} "${id}" at "${revision}". Unset ${offlineBy} for a download, or bring the model with vitrail pack and vitrail pull --from.`,
    { details: { variable: offlineBy, id, revision, cacheDir, missing } },
  );
}
