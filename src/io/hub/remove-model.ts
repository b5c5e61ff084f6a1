import { realpath, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheError } from "./cache-error.js";
import { downloadError } from "./download-error.js";
import { filesBelow, listModels, refsOf } from "./list-models.js";
import { ModelCache } from "./model-cache.js";
import { checkModelId, checkRevision } from "./model-id.js";

export interface Removal {
  commits: string[];
  /** What the disk has more room for. */
  freedBytes: number;
}

/**
 * Takes a model out of the cache, or one revision of it; what other revisions share stays.
 *
 * @param revision a branch, a tag or a commit. Default: all
 * @throws DownloadError `download/not-cached`, `download/cache`; InputError `input/model-id`, `input/revision`
 */
export async function removeModel(
  id: string,
  { cacheDir, revision }: { cacheDir: string; revision?: string | undefined },
): Promise<Removal> {
  checkModelId(id);
  if (revision !== undefined) checkRevision(revision);
  const cache = new ModelCache(cacheDir, id);
  try {
    const model = (await listModels(cacheDir)).find((one) => one.id === id);
    if (!model) throw notCached(id, cacheDir);
    const commit = revision === undefined ? undefined : await cache.commitOf(revision);
    if (revision !== undefined && !model.revisions.some((one) => one.commit === commit))
      throw notCached(`${id}" at "${revision}`, cacheDir);
    if (commit === undefined || model.revisions.length === 1) {
      await rm(cache.folder, { recursive: true });
      await rm(cache.locks, { recursive: true, force: true });
      return { commits: model.revisions.map((one) => one.commit), freedBytes: model.bytes };
    }
    return { commits: [commit], freedBytes: await removeRevision(cache, commit) };
  } catch (error) {
    throw cacheError(error, cacheDir);
  }
}

/** Names go before what they name, so that whatever interrupts leaves no name of nothing. */
async function removeRevision(cache: ModelCache, commit: string): Promise<number> {
  for (const name of (await refsOf(cache)).get(commit) ?? []) await unlink(cache.ref(name));
  const own = await targets(await filesBelow(cache.snapshot(commit)));
  await rm(cache.snapshot(commit), { recursive: true });
  await rm(dirname(cache.absence(commit, "file")), { recursive: true, force: true });
  await rm(join(cache.folder, "trees", `${commit}.json`), { force: true }); // Python's list of the commit's files
  const others = await targets(await filesBelow(cache.snapshots));
  let freed = 0;
  for (const [path, bytes] of own) {
    if (others.has(path)) continue;
    freed += bytes;
    await rm(path, { force: true }); // a copy went with its snapshot
  }
  return freed;
}

/** What files and links are in the end → bytes. */
async function targets(paths: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const path of paths) {
    const target = await realpath(path).catch(() => undefined);
    if (target !== undefined) found.set(target, (await stat(target)).size);
  }
  return found;
}

function notCached(what: string, cacheDir: string) {
  return downloadError(
    "download/not-cached",
    `The cache "${cacheDir}" does not have "${what}". \`vitrail list\` says what it has.`,
    { details: { cacheDir } },
  );
}
