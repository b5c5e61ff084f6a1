import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../make-folder.js";
import { replaceFile } from "../replace-file.js";
import type { ModelCache } from "./model-cache.js";

/** Makes a cache look as others expect it to, before the first file is in it. */
export async function prepareFolders(cache: ModelCache, commit: string): Promise<void> {
  for (const folder of [cache.refs, cache.blobs, cache.snapshot(commit)]) await makeFolder(folder);
  await tagCache(cache.root);
}

/** Notes at which commit a branch or tag is. */
export async function writeRef(cache: ModelCache, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const path = cache.ref(revision);
  if ((await readFile(path, "utf8").catch(() => "")) === commit) return;
  await makeFolder(dirname(path));
  await replaceFile(path, (append) => append(new TextEncoder().encode(commit)));
}

/** So that backups leave the cache out (https://bford.info/cachedir/). */
async function tagCache(root: string): Promise<void> {
  const text = "Signature: 8a477f597d28d172789f06886806bc55\n# Models that can be downloaded again.\n";
  await writeFile(join(root, "CACHEDIR.TAG"), text, { flag: "wx" }).catch(() => {});
}
