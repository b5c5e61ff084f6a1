import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LockAttempt, tryLock } from "./lock-file.js";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "vitrail-lock-"))));
afterEach(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, "lock");
const write = (owner: object, ageMs = 0) => {
  writeFileSync(path(), JSON.stringify(owner));
  const then = (Date.now() - ageMs) / 1000;
  utimesSync(path(), then, then);
};
const isOurs = (attempt: LockAttempt) => "release" in attempt;

describe("tryLock", () => {
  it("gives the lock to one of many, says who has it, and gives it again afterwards", async () => {
    const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(path())));
    const [ours, ...more] = attempts.filter(isOurs) as { release(): Promise<void> }[];
    expect(more).toEqual([]);
    expect(await tryLock(path())).toMatchObject({ owner: { pid: process.pid, host: hostname() } });
    await ours!.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(isOurs(await tryLock(path()))).toBe(true);
  });

  it("takes over from a process that is dead, or whose id another has now", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    write({ pid, host: hostname() });
    expect(isOurs(await tryLock(path()))).toBe(true);
    write({ pid: process.pid, host: hostname(), started: "1" });
    expect(isOurs(await tryLock(path()))).toBe(process.platform === "linux");
  });

  it("takes over a file that is no lock", async () => {
    writeFileSync(path(), "");
    expect(isOurs(await tryLock(path()))).toBe(true);
  });

  it("leaves the lock of another machine alone until it is older than it may be", async () => {
    const other = { pid: 1, host: "another machine" };
    write(other, 3_600_000);
    expect(await tryLock(path())).toEqual({ owner: other });
    expect(await tryLock(path(), { staleMs: 7_200_000 })).toEqual({ owner: other });
    expect(isOurs(await tryLock(path(), { staleMs: 60_000 }))).toBe(true);
  });

  it("renews a lock that may become too old, and gives back no lock but its own", async () => {
    const lock = (await tryLock(path(), { staleMs: 80 })) as { release(): Promise<void> };
    utimesSync(path(), 1, 1);
    await expect.poll(() => statSync(path()).mtimeMs, { timeout: 2000 }).toBeGreaterThan(Date.now() - 5000);
    const others = JSON.stringify({ pid: 1, host: "another machine" });
    writeFileSync(`${path()}.others`, others);
    renameSync(`${path()}.others`, path()); // as who takes it over does: another file
    await pause(100); // some renewals
    await lock.release();
    expect(readFileSync(path(), "utf8")).toBe(others);
  });
});
