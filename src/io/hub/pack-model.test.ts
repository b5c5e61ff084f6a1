import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packTar, type TarHeader } from "modern-tar";
import { describe, expect, it } from "vitest";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, TINY_SHARDED, useHubRoom } from "./hub-room.testing.js";
import { packModel } from "./pack-model.js";
import { unpackModel } from "./unpack-model.js";

const room = useHubRoom();
const ID = "owner/tiny";
const archive = () => join(room.folder, "model.tar");
const elsewhere = () => room.settings({ HF_HOME: join(room.folder, "other"), HF_HUB_OFFLINE: "1" });

/** Packs the tiny model and gives the entries of the archive, to write them anew with something changed. */
async function packed(model = TINY_MODEL) {
  room.hub.add(ID, model);
  const manifest = await packModel(ID, archive(), {}, room.settings());
  const entries = [
    { header: { name: "manifest.json" } as TarHeader, data: JSON.stringify(manifest) as string | Uint8Array },
    ...manifest.files.map(({ path }) => ({
      header: { name: `files/${path}` } as TarHeader,
      data: readFileSync(join(model, path)) as Uint8Array,
    })),
  ];
  return { manifest, entries };
}

async function writeArchive(entries: { header: TarHeader; data: string | Uint8Array }[]): Promise<void> {
  const whole = entries.map(({ header, data }) => ({
    header: { ...header, size: header.type && header.type !== "file" ? 0 : Buffer.byteLength(data) },
    ...((header.type ?? "file") === "file" && { body: data }),
  }));
  writeFileSync(archive(), await packTar(whole));
}

describe("packModel and unpackModel", () => {
  it.each([TINY_MODEL, TINY_SHARDED])("bring %s to a machine without a network", async (model) => {
    const { manifest } = await packed(model);
    expect(manifest).toMatchObject({ id: ID, revision: "main", commit: COMMIT });
    const bytes: number[] = [];
    const unpacked = await unpackModel(archive(), { progress: ({ loaded }) => void bytes.push(loaded) }, elsewhere());
    expect(bytes.at(-1)).toBe(manifest.files.reduce((sum, file) => sum + file.bytes, 0));
    expect(await getModel(ID, {}, elsewhere())).toEqual({ folder: unpacked.folder, commit: COMMIT });
    for (const { path } of manifest.files)
      expect(readFileSync(join(unpacked.folder, path)).equals(readFileSync(join(model, path)))).toBe(true);
  });

  it("write the same bytes each time, wherever the cache is", async () => {
    await packed();
    const first = readFileSync(archive());
    const again = join(room.folder, "again.tar");
    await packModel(ID, again, {}, room.settings({ HF_HOME: join(room.folder, "copy"), HF_HUB_DISABLE_SYMLINKS: "1" }));
    expect(readFileSync(again).equals(first)).toBe(true);
  });

  it("make an archive that tar lists, with its hashes inside", async () => {
    const { manifest } = await packed();
    const names = execFileSync("tar", ["-tf", archive()], { encoding: "utf8" }).trim().split("\n");
    expect(names).toEqual(["manifest.json", ...manifest.files.map(({ path }) => `files/${path}`)]);
    expect(statSync(archive()).size % 512).toBe(0);
  });

  it.each(["../outside.json", "/etc/outside", "files/../outside", "files/extra.safetensors", "config.json"])(
    "refuse an archive with an entry %s",
    async (name) => {
      const { entries } = await packed();
      await writeArchive([...entries, { header: { name, size: 0 }, data: "x" }]);
      await expect(unpackModel(archive(), {}, elsewhere())).rejects.toMatchObject({ code: "download/archive" });
      expect(existsSync(join(room.folder, "outside.json"))).toBe(false);
      await expect(getModel(ID, {}, elsewhere())).rejects.toMatchObject({ code: "download/offline" });
    },
  );

  it.each(["symlink", "link", "directory", "fifo", "character-device"] as const)(
    "refuse an archive with a %s in a file's place",
    async (type) => {
      const { entries } = await packed();
      entries[1]!.header = { name: entries[1]!.header.name, type, size: 0, linkname: "/etc/passwd" };
      await writeArchive(entries);
      await expect(unpackModel(archive(), {}, elsewhere())).rejects.toMatchObject({ code: "download/archive" });
    },
  );

  it.each([
    ["no archive", () => Buffer.from("no archive")],
    ["nothing", () => Buffer.alloc(0)],
    ["a cut one", (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ["one with a flipped byte", (whole: Buffer) => Buffer.from(whole).fill(whole[60_000]! ^ 1, 60_000, 60_001)],
    ["one of zeros", () => Buffer.alloc(10_240)],
  ])("refuse %s", async (_what, change) => {
    await packed();
    writeFileSync(archive(), change(readFileSync(archive())));
    await expect(unpackModel(archive(), {}, elsewhere())).rejects.toMatchObject({ code: "download/archive" });
    await expect(getModel(ID, {}, elsewhere())).rejects.toMatchObject({ code: "download/offline" });
  });

  it.each([
    ["no JSON", () => "{"],
    ["another format", (manifest: object) => JSON.stringify({ ...manifest, format: "other" })],
    ["an unsafe id", (manifest: object) => JSON.stringify({ ...manifest, id: "../../x" })],
    ["an unsafe revision", (manifest: object) => JSON.stringify({ ...manifest, revision: "../main" })],
    ["an unsafe commit", (manifest: object) => JSON.stringify({ ...manifest, commit: "../.." })],
    ["no files", (manifest: object) => JSON.stringify({ ...manifest, files: [] })],
    ["a pickle", (manifest: { files: object[] }) => change(manifest, { path: "pytorch_model.bin" })],
    ["an unsafe path", (manifest: { files: object[] }) => change(manifest, { path: "../x.safetensors" })],
    ["an unsafe hash", (manifest: { files: object[] }) => change(manifest, { etag: "../../x" })],
    ["a wrong hash", (manifest: { files: object[] }) => change(manifest, { sha256: "0".repeat(64) })],
    ["a wrong size", (manifest: { files: object[] }) => change(manifest, { bytes: 1 })],
    [
      "a file twice",
      (manifest: { files: object[] }) => JSON.stringify({ ...manifest, files: [...manifest.files, manifest.files[0]] }),
    ],
  ])("refuse a manifest with %s", async (_what, alter) => {
    const { manifest, entries } = await packed();
    entries[0]!.data = alter(manifest);
    await writeArchive(entries);
    await expect(unpackModel(archive(), {}, elsewhere())).rejects.toMatchObject({ code: "download/archive" });
    expect(readdirSync(room.folder).sort()).not.toContain("x.safetensors");
  });

  it("say that there is no archive, and end with an abort's reason", async () => {
    await expect(unpackModel("gone.tar", {}, elsewhere())).rejects.toThrow(/"gone.tar" can't be read \(ENOENT\)/);
    await packed();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(unpackModel(archive(), { signal }, elsewhere())).rejects.toThrow("enough");
    const offline = room.settings({ HF_HUB_OFFLINE: "1" });
    await expect(packModel(ID, join(room.folder, "b.tar"), { signal }, offline)).rejects.toThrow("enough");
    expect(existsSync(join(room.folder, "b.tar"))).toBe(false);
  });
});

function change(manifest: { files: object[] }, difference: object): string {
  return JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], ...difference }, ...manifest.files.slice(1)] });
}
