import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeFolder } from "./make-folder.js";

const folder = mkdtempSync(join(tmpdir(), "vitrail-make-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("makeFolder", () => {
  it("makes what is missing, by any number of callers at once, and takes what is there", async () => {
    const path = join(folder, "a", "b", "c");
    await Promise.all(Array.from({ length: 40 }, () => makeFolder(path)));
    expect(existsSync(path)).toBe(true);
    await makeFolder(path);
  });

  it("fails with the system's error where a file is in the way", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
    await expect(makeFolder(join(file, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it.skipIf(process.platform !== "linux")(
    "fails, and does not spin, where nobody may make a folder: /proc",
    async () => {
      await expect(makeFolder("/proc/vitrail/below")).rejects.toMatchObject({ code: "ENOENT" });
    },
  );
});
