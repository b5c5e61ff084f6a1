import { copyFile, lstat, mkdir, rename, symlink, unlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import process from "node:process";
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
  await mkdir(dirname(to), { recursive: true });
  if (await lstat(to).catch(() => undefined)) await unlink(to); // a link that leads nowhere
  if (links === "symbolic") {
    try {
      return await symlink(relative(dirname(to), cache.blob(etag)), to, "file");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "EEXIST" && (await isFile(to))) return; // another process was faster
      if (!NO_LINKS.has(code)) throw error;
    }
  }
  // Copied beside and renamed: a file of a snapshot is whole from the first moment.
  const draft = `${to}.${process.pid}.incomplete`;
  await copyFile(cache.blob(etag), draft);
  await rename(draft, to);
}
