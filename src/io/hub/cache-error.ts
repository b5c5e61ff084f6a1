import { VitrailError } from "../../errors.js";
import { downloadError } from "./download-error.js";

/** An error of the operating system about the cache as ours; other errors stay as they are. */
export function cacheError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof VitrailError || typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  const details = { folder, systemCode: code };
  if (code === "ENOSPC" || code === "EDQUOT")
    return downloadError(
      "download/disk-full",
      `The disk of the cache "${folder}" is full (${code}). Make room, or set HF_HUB_CACHE to a folder on another disk; what has come is kept.`,
      { details, cause: error },
    );
  const isReadOnly = code === "EACCES" || code === "EPERM" || code === "EROFS";
  return downloadError(
    "download/cache",
    `The cache "${folder}" can't be ${isReadOnly ? "written to" : "used"} (${code}). Set HF_HUB_CACHE, or cacheDir, to a folder that this user may write to.`,
    { details, cause: error },
  );
}
