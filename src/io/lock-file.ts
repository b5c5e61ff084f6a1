import { randomBytes } from "node:crypto";
import { constants, copyFile, link, open, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/** Who holds a lock. */
export interface LockOwner {
  pid: number;
  host: string;
  /** When the process began, in the system's ticks, where the system tells: a pid is given again. */
  started?: string | undefined;
}

export interface LockOptions {
  /** Age at which the lock of another machine, which can't be asked, counts as left behind; the holder renews it meanwhile. Default: never. */
  staleMs?: number;
}

/** A lock that is held: how to give it back. One that is not: who holds it, if the file tells. */
export type LockAttempt = { release: () => Promise<void> } | { owner: LockOwner | undefined };

const MOST_TRIES = 20;

/**
 * Makes this process the one holder of a lock file, or says who is. A lock whose process has died is taken over.
 *
 * @throws the errors of the operating system
 */
export async function tryLock(path: string, { staleMs }: LockOptions = {}): Promise<LockAttempt> {
  const token = randomBytes(6).toString("hex");
  const own = { pid: process.pid, host: hostname(), started: (await procOf(process.pid))?.started, token };
  // Written beside and then linked: a lock appears with its content or not at all, and never over another.
  const draft = join(dirname(path), `.${basename(path)}.${token}.tmp`);
  await writeFile(draft, JSON.stringify(own), { flag: "wx" });
  try {
    for (let tries = 0; !(await linkNew(draft, path)); tries++) {
      const text = await readFile(path, "utf8").catch(() => undefined);
      if (text === undefined) continue; // given back just now
      const owner = parseOwner(text);
      const isHeld =
        owner !== undefined && (await isAlive(owner)) && !(await isLeftBehind(owner, path, draft, staleMs));
      if (tries > MOST_TRIES || isHeld) return { owner };
      await removeStale(path, text, token);
    }
  } finally {
    await unlink(draft).catch(() => {});
  }
  const content = JSON.stringify(own);
  const renewal = staleMs === undefined ? undefined : setInterval(() => void renew(path, content), staleMs / 4).unref();
  return {
    release: async () => {
      clearInterval(renewal);
      const text = await readFile(path, "utf8").catch(() => "");
      if (text.includes(token)) await unlink(path).catch(() => {});
    },
  };
}

/**
 * By writing what stands there already, so that the time is the file system's. What is read and written is one file, whatever is at the path meanwhile: who
 * takes a lock over puts another file there.
 */
async function renew(path: string, content: string): Promise<void> {
  const file = await open(path, "r+").catch(() => undefined);
  const wanted = Buffer.from(content);
  const more = wanted.length + 1;
  const found = await file?.read(Buffer.alloc(more), 0, more, 0).catch(() => undefined);
  if (found && wanted.equals(found.buffer.subarray(0, found.bytesRead))) await file?.write(wanted, 0).catch(() => {});
  await file?.close().catch(() => {});
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
      // Some file systems have no hard links.
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(error.code ?? "")) throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
    });
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

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as LockOwner;
    return Number.isSafeInteger(value?.pid) && typeof value.host === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A process of another machine counts as alive: it can't be asked. */
async function isAlive({ pid, host, started }: LockOwner): Promise<boolean> {
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

/** Both times are the file system's own: clocks of machines differ. */
async function isLeftBehind(
  { host }: LockOwner,
  path: string,
  draft: string,
  staleMs: number | undefined,
): Promise<boolean> {
  if (staleMs === undefined || host === hostname()) return false;
  const [lock, now] = await Promise.all([path, draft].map((file) => stat(file).catch(() => undefined)));
  return lock !== undefined && now !== undefined && now.mtimeMs - lock.mtimeMs > staleMs;
}

/** Fields 3 and 22 of Linux's /proc/PID/stat, behind the program's name in brackets; undefined on other systems. */
async function procOf(pid: number): Promise<{ state?: string | undefined; started?: string | undefined } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { state: fields[0], started: fields[19] };
}
