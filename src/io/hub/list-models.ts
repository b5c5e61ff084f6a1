import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ModelCache } from "./model-cache.js";
import { COMMIT } from "./model-id.js";

export interface CachedRevision {
  commit: string;
  /** Branches and tags that were at this commit when they were last asked for. */
  refs: string[];
  files: number;
  /** Of its files, those that it shares with other revisions among them. */
  bytes: number;
}

export interface CachedModel {
  id: string;
  folder: string;
  /** On the disk: each file once, unfinished downloads too. */
  bytes: number;
  /** When one of its files was last read, as far as the file system notes it. */
  lastUsed: Date;
  revisions: CachedRevision[];
}

/** The models in a cache, by id, whoever put them there; none where there is no cache. */
export async function listModels(cacheDir: string): Promise<CachedModel[]> {
  const names = await readdir(cacheDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const ids = names.filter((name) => name.startsWith("models--")).map((name) => name.slice(8).replace("--", "/"));
  return await Promise.all(ids.sort().map((id) => describeModel(new ModelCache(cacheDir, id))));
}

async function describeModel(cache: ModelCache): Promise<CachedModel> {
  const refs = await refsOf(cache);
  const onDisk = new Map<string, { bytes: number; usedMs: number }>();
  const measure = async (path: string) => {
    const entry = await stat(path);
    const facts = { bytes: entry.size, usedMs: entry.atimeMs };
    onDisk.set(await realpath(path), facts);
    return facts;
  };
  const revisions: CachedRevision[] = [];
  for (const commit of (await readdir(cache.snapshots).catch(() => [])).filter((name) => COMMIT.test(name))) {
    const revision = { commit, refs: refs.get(commit) ?? [], files: 0, bytes: 0 };
    for (const path of await filesBelow(cache.snapshot(commit))) {
      const facts = await measure(path).catch(() => undefined); // a link that leads nowhere
      if (!facts) continue;
      revision.files++;
      revision.bytes += facts.bytes;
    }
    revisions.push(revision);
  }
  for (const path of await filesBelow(cache.blobs)) await measure(path).catch(() => {});
  const all = [...onDisk.values()];
  return {
    id: cache.id,
    folder: cache.folder,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    lastUsed: new Date(all.reduce((latest, { usedMs }) => Math.max(latest, usedMs), 0)),
    revisions,
  };
}

/** @returns commit → branches and tags */
export async function refsOf(cache: ModelCache): Promise<Map<string, string[]>> {
  const refs = new Map<string, string[]>();
  for (const path of await filesBelow(cache.refs)) {
    const commit = (await readFile(path, "utf8").catch(() => "")).trim();
    const name = relative(cache.refs, path).split(sep).join("/");
    refs.set(commit, [...(refs.get(commit) ?? []), name].sort());
  }
  return refs;
}

/** Files and links to them, in folders of folders too. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
