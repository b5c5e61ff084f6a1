import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, useHubRoom } from "./hub-room.testing.js";

const room = useHubRoom();
const disk = vi.hoisted(() => ({ free: undefined as number | undefined }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const statfs = async (path: string) => {
    const found = await real.statfs(path);
    return disk.free === undefined ? found : { ...found, blocks: 1000, bsize: 1, bavail: disk.free };
  };
  return { ...real, statfs };
});

describe("a disk that is full", () => {
  it("is noticed before the first byte where the system tells", async () => {
    room.hub.add("owner/tiny", TINY_MODEL);
    disk.free = 1000;
    await expect(getModel("owner/tiny", {}, room.settings())).rejects.toMatchObject({
      code: "download/disk-full",
      message: expect.stringMatching(/1000 bytes left; the model takes \d+/),
    });
    expect(room.hub.gets()).toEqual([]);
    disk.free = undefined;
    await getModel("owner/tiny", {}, room.settings());
  });

  it.skipIf(!existsSync("/dev/full"))("is an error of its own while bytes come, and leaves no lock", async () => {
    room.hub.add("owner/tiny", TINY_MODEL);
    const { etag } = room.hub.files.get(`owner/tiny@${COMMIT}`)!.get("model.safetensors")!;
    const blobs = join(room.folder, "hub", "models--owner--tiny", "blobs");
    mkdirSync(blobs, { recursive: true });
    symlinkSync("/dev/full", join(blobs, `${etag}.vitrail.incomplete`)); // each write fails with ENOSPC
    const failing = getModel("owner/tiny", {}, room.settings());
    await expect(failing).rejects.toMatchObject({ code: "download/disk-full", details: { systemCode: "ENOSPC" } });
    expect(existsSync(join(room.folder, "hub", ".locks", "models--owner--tiny", `${etag}.vitrail.lock`))).toBe(false);
  });
});

describe("a cache", () => {
  it("below a file is an error that says which folder", async () => {
    room.hub.add("owner/tiny", TINY_MODEL);
    writeFileSync(join(room.folder, "file"), "");
    const settings = room.settings({ HF_HUB_CACHE: join(room.folder, "file", "cache") });
    await expect(getModel("owner/tiny", {}, settings)).rejects.toMatchObject({
      code: "download/cache",
      details: { folder: settings.cacheDir, systemCode: "ENOTDIR" },
    });
  });
});
