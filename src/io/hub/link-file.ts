import { randomBytes } from "node:crypto";
import { copyFile, rename, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { makeFolder } from "../make-folder.js";
import type { HubSettings } from "./hub-settings.js";
import { isFile, type ModelCache } from "./model-cache.js";

/** What systems say that have no symbolic links, or not for this user. */
const NO_LINKS = new Set(["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "UNKNOWN"]);

/** Shows a blob as a file of a snapshot: by a relative link, so that the cache may move; by a copy where links can't be made. */
export async function linkFile(
  cache: ModelCache,
  { commit, path, etag }: { commit: string; path: string; etag: string },
  links: HubSettings["links"],
): Promise<void> {
  const to = cache.file(commit, path);
  if (await isFile(to)) return;
  await makeFolder(dirname(to));
  // Made beside and renamed: whole from the first moment, and over a link that leads nowhere.
  const draft = `${to}.${randomBytes(6).toString("hex")}.incomplete`;
  const isLinked = links === "symbolic" && (await tryLink(relative(dirname(to), cache.blob(etag)), draft));
  if (!isLinked) await copyFile(cache.blob(etag), draft);
  await rename(draft, to);
}

async function tryLink(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path, "file");
    return true;
  } catch (error) {
    if (NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
