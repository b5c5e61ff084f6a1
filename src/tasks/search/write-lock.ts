import { randomBytes } from "node:crypto";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SearchError } from "../../errors.js";

/** Who writes to an index. */
interface Owner {
  pid: number;
  host: string;
  /** When the process began, in the system's ticks, where the system tells: a pid is given again. */
  started?: string | undefined;
}

const FILE = "lock";

/**
 * Makes this process the one writer of a folder. A lock whose process has died is taken over.
 *
 * @returns a function that gives the lock back
 * @throws SearchError `search/locked`, and the errors of the operating system
 */
export async function takeWriteLock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, FILE);
  const token = randomBytes(6).toString("hex");
  const own = { pid: process.pid, host: hostname(), started: (await procOf(process.pid))?.started, token };
  // Written beside and then linked: a lock appears with its content or not at all, and never over another.
  const draft = join(folder, `.${FILE}.${token}.tmp`);
  await writeFile(draft, JSON.stringify(own), { flag: "wx" });
  try {
    for (let tries = 0; !(await linkNew(draft, path)); tries++) {
      const text = await readFile(path, "utf8").catch(() => undefined);
      if (text === undefined) continue; // given back just now
      const owner = parseOwner(text);
      if (tries > 20 || (owner !== undefined && (await isAlive(owner)))) throw locked(folder, owner);
      await removeStale(path, text, token);
    }
  } finally {
    await unlink(draft).catch(() => {});
  }
  return async () => {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.includes(token)) await unlink(path).catch(() => {});
  };
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Two processes may find the same stale lock; the later must not remove the lock that the earlier has taken meanwhile. */
async function removeStale(path: string, text: string, token: string): Promise<void> {
  const aside = `${path}.${token}.stale`;
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return;
  if ((await readFile(aside, "utf8").catch(() => text)) !== text) await linkNew(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Owner;
    return Number.isSafeInteger(value?.pid) && typeof value.host === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A process of another machine counts as alive: it can't be asked. */
async function isAlive({ pid, host, started }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const now = await procOf(pid);
  if (now?.state === "Z") return false; // killed, and its parent has not asked for its end yet
  return started === undefined || now === undefined || now.started === started;
}

/** Fields 3 and 22 of Linux's /proc/PID/stat, behind the program's name in brackets; undefined on other systems. */
async function procOf(pid: number): Promise<{ state?: string | undefined; started?: string | undefined } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { state: fields[0], started: fields[19] };
}

function locked(folder: string, owner: Owner | undefined): SearchError {
  const who = owner ? `process ${owner.pid} on "${owner.host}"` : "another process";
  return new SearchError(
    "search/locked",
    `The index "${folder}" is open for writing in ${who}. Close it there, or open it with mode "read". ` +
      `If that process is gone, delete the file "${FILE}" in the folder.`,
    { details: { folder, ...owner } },
  );
}
