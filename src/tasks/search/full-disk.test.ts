import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openIndex } from "./open-index.js";

/** Room on the disk in bytes, and what opening or making a file to write gives. */
const disk = vi.hoisted(() => ({ room: Number.POSITIVE_INFINITY, refusal: "" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const failure = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall });
  return {
    ...real,
    writeFile: async (...call: Parameters<typeof real.writeFile>) => {
      if (disk.refusal) throw failure(disk.refusal, "open");
      return real.writeFile(...call);
    },
    open: async (path: string, flags: string) => {
      if (disk.refusal && flags !== "r") throw failure(disk.refusal, "open");
      const file = await real.open(path, flags);
      const write = file.write.bind(file) as (bytes: Uint8Array, offset: number, length: number) => Promise<unknown>;
      return Object.assign(file, {
        write(bytes: Uint8Array, offset: number, length: number) {
          if (disk.room <= 0) throw failure("ENOSPC", "write");
          const fits = Math.min(length, disk.room);
          disk.room -= fits;
          return write(bytes, offset, fits);
        },
      });
    },
  };
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-disk-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const items = (from: number) =>
  Array.from({ length: 20 }, (_, i) => ({
    id: `item-${from + i}`,
    vector: [Math.sin(from + i), 1, 2],
    metadata: { from },
  }));

describe("a disk that gets full", () => {
  it("at any byte of a save leaves the saved index as it was, and a later save writes all", async () => {
    const path = join(folder, "full");
    const writer = await openIndex(path, { threads: 1 });
    await writer.add(items(0));
    await writer.save();
    await writer.add(items(100));
    const [name] = readdirSync(path).filter((file) => file.endsWith(".jsonl"));
    for (let room = 0; ; room += 97) {
      disk.room = room;
      const error = await writer.save().then(
        () => undefined,
        (reason) => reason,
      );
      disk.room = Number.POSITIVE_INFINITY;
      if (!error) break;
      expect(error).toMatchObject({ code: "search/write-failed", details: { systemCode: "ENOSPC" } });
      expect(error.message).toMatch(/disk is full/);
      expect(readdirSync(path)).toContain(name);
      const reader = await openIndex(path, { mode: "read", threads: 1 });
      expect(reader.size).toBe(20);
      await reader.close();
      expect(writer.size).toBe(40);
    }
    await writer.close();
    const again = await openIndex(path, { threads: 1 });
    expect(again.size).toBe(40);
    await again.close();
  });
});

describe("a folder that can't be written", () => {
  it.each(["EACCES", "EROFS"])(
    "(%s) says so at the opening and at the save, and keeps what was added",
    async (refusal) => {
      const path = join(folder, refusal);
      const writer = await openIndex(path, { threads: 1 });
      await writer.add(items(0));
      disk.refusal = refusal;
      await expect(writer.save()).rejects.toMatchObject({ code: "search/read-only" });
      const refused = await openIndex(join(folder, `${refusal}-new`)).catch((error) => error);
      expect(refused).toMatchObject({ code: "search/read-only", details: { systemCode: refusal } });
      disk.refusal = "";
      await writer.save();
      await writer.close();
    },
  );
});
