import { join } from "node:path";
import { SearchError } from "../../errors.js";
import { type LockOwner, tryLock } from "../../io/lock-file.js";

const FILE = "lock";

/**
 * Makes this process the one writer of a folder. A lock whose process has died is taken over.
 *
 * @returns a function that gives the lock back
 * @throws SearchError `search/locked`, and the errors of the operating system
 */
export async function takeWriteLock(folder: string): Promise<() => Promise<void>> {
  const attempt = await tryLock(join(folder, FILE));
  if ("release" in attempt) return attempt.release;
  throw locked(folder, attempt.owner);
}

function locked(folder: string, owner: LockOwner | undefined): SearchError {
  const who = owner ? `process ${owner.pid} on "${owner.host}"` : "another process";
  return new SearchError(
    "search/locked",
    `The index "${folder}" is open for writing in ${who}. Close it there, or open it with mode "read". ` +
      `If that process is gone, delete the file "${FILE}" in the folder.`,
    { details: { folder, ...owner } },
  );
}
