import { readFile } from "node:fs/promises";
import { parseShardIndex } from "../shard-index.js";
import { isFile, type ModelCache } from "./model-cache.js";

export const CONFIG = "config.json";
/** timm's repositories have none. */
export const PREPROCESSOR = "preprocessor_config.json";
export const WEIGHTS = "model.safetensors";
export const INDEX = `${WEIGHTS}.index.json`;

/** What the cache lacks of a model at a commit. */
export interface CacheGaps {
  /** Files without which the model can't be loaded. */
  missing: string[];
  /** Files that the Hub may have or not. */
  unknown: string[];
}

/**
 * @throws WeightsFileError for an index in the cache that is broken or names files outside its folder
 */
export async function cacheGaps(cache: ModelCache, commit: string): Promise<CacheGaps> {
  const missing: string[] = [];
  const unknown: string[] = [];
  if (!(await cache.has(commit, CONFIG))) missing.push(CONFIG);
  if (!(await cache.has(commit, PREPROCESSOR)) && !(await isFile(cache.absence(commit, PREPROCESSOR))))
    unknown.push(PREPROCESSOR);
  if (!(await cache.has(commit, WEIGHTS))) {
    if (await cache.has(commit, INDEX)) {
      for (const shard of await shardsOf(cache, commit)) if (!(await cache.has(commit, shard))) missing.push(shard);
    } else missing.push(WEIGHTS);
  }
  return { missing, unknown };
}

/** The files that the index in a snapshot names, each proven to lie below its folder. */
export async function shardsOf(cache: ModelCache, commit: string): Promise<string[]> {
  const path = cache.file(commit, INDEX);
  return [...new Set(parseShardIndex(await readFile(path), path).shardOf.values())];
}
