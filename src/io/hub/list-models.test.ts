import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scanCacheDir } from "@huggingface/hub";
import { describe, expect, it } from "vitest";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, useHubRoom } from "./hub-room.testing.js";
import { listModels } from "./list-models.js";
import { removeModel } from "./remove-model.js";

const room = useHubRoom();
const ID = "owner/tiny";
const OTHER = "f".repeat(40);
const cacheDir = () => join(room.folder, "hub");
const cached = (...names: string[]) => join(cacheDir(), "models--owner--tiny", ...names);
const bytesOf = (folder: string) =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

/** Two revisions with the same weights and another config. */
async function fillCache(): Promise<void> {
  const contents = Object.fromEntries(
    readdirSync(TINY_MODEL).map((name) => [name, readFileSync(join(TINY_MODEL, name))]),
  );
  room.hub.add(ID, TINY_MODEL);
  room.hub.add(ID, { ...contents, "config.json": `${contents["config.json"]} ` }, OTHER, ["v1", "refs/pr/1"]);
  await getModel(ID, {}, room.settings());
  for (const revision of ["v1", "refs/pr/1"]) await getModel(ID, { revision }, room.settings());
}

describe("listModels", () => {
  it("tells sizes, revisions and refs as @huggingface/hub's scanCacheDir does", async () => {
    await fillCache();
    await getModel(ID, { revision: OTHER }, room.settings());
    const [model, ...rest] = await listModels(cacheDir());
    expect(rest).toEqual([]);
    const scan = await scanCacheDir(cacheDir());
    expect(scan.warnings).toEqual([]);
    const [repo] = scan.repos;
    expect(repo).toMatchObject({ id: { name: ID, type: "model" }, size: model!.bytes });
    expect(model!.lastUsed).toEqual(repo!.lastAccessedAt);
    expect(model!.revisions.map(({ commit, bytes, files }) => ({ commit, bytes, files })).sort(byCommit)).toEqual(
      repo!.revisions
        .map(({ commitOid, size, files }) => ({ commit: commitOid, bytes: size, files: files.length }))
        .sort(byCommit),
    );
    expect(model!.revisions.find(({ commit }) => commit === OTHER)?.refs).toEqual(["refs/pr/1", "v1"]);
  });

  it("counts a revision by its commit alone too, as scanCacheDir wants it", async () => {
    room.hub.add(ID, TINY_MODEL);
    await getModel(ID, { revision: COMMIT }, room.settings());
    const scan = await scanCacheDir(cacheDir());
    expect(scan).toMatchObject({ warnings: [], repos: [{ filesCount: 3 }] });
  });

  it("says when a model was last used", async () => {
    await fillCache();
    for (const name of readdirSync(cached("blobs"))) utimesSync(cached("blobs", name), 1e9, 1e9);
    expect((await listModels(cacheDir()))[0]?.lastUsed).toEqual(new Date(1e12));
  });

  it("takes a folder that is none, and what others left, without failing", async () => {
    expect(await listModels(join(room.folder, "none"))).toEqual([]);
    mkdirSync(join(cacheDir(), "datasets--a--b"), { recursive: true });
    mkdirSync(join(cacheDir(), "models--gpt2", "blobs"), { recursive: true });
    writeFileSync(join(cacheDir(), "models--gpt2", "blobs", "x.incomplete"), "part");
    expect(await listModels(cacheDir())).toMatchObject([{ id: "gpt2", bytes: 4, revisions: [] }]);
  });
});

describe("removeModel", () => {
  it("takes one revision away and keeps what the other shares", async () => {
    await fillCache();
    const freed = await removeModel(ID, { cacheDir: cacheDir(), revision: "v1" });
    expect(freed).toEqual({ commits: [OTHER], freedBytes: statSync(join(TINY_MODEL, "config.json")).size + 1 });
    expect((await listModels(cacheDir()))[0]).toMatchObject({ revisions: [{ commit: COMMIT, refs: ["main"] }] });
    expect(existsSync(cached("refs", "refs", "pr", "1"))).toBe(false); // it was at that commit too
    expect((await scanCacheDir(cacheDir())).warnings).toEqual([]);
    await getModel(ID, {}, room.settings({ HF_HUB_OFFLINE: "1" }));
  });

  it("takes a model away with all that belongs to it, as does the removal of its last revision", async () => {
    for (const revision of [undefined, COMMIT]) {
      room.hub.add(ID, TINY_MODEL);
      await getModel(ID, {}, room.settings());
      const freed = await removeModel(ID, { cacheDir: cacheDir(), revision });
      expect(freed).toEqual({ commits: [COMMIT], freedBytes: bytesOf(TINY_MODEL) });
      expect(readdirSync(cacheDir()).sort()).toEqual([".locks", "CACHEDIR.TAG"]);
      expect(readdirSync(join(cacheDir(), ".locks"))).toEqual([]);
    }
  });

  it("says what the cache does not have, and refuses names that are none", async () => {
    await fillCache();
    const options = { cacheDir: cacheDir() };
    await expect(removeModel("owner/other", options)).rejects.toMatchObject({ code: "download/not-cached" });
    await expect(removeModel(ID, { ...options, revision: "v2" })).rejects.toMatchObject({
      code: "download/not-cached",
    });
    await expect(removeModel("../hub", options)).rejects.toMatchObject({ code: "input/model-id" });
    await expect(removeModel(ID, { ...options, revision: "../x" })).rejects.toMatchObject({ code: "input/revision" });
    expect(await listModels(cacheDir())).toHaveLength(1);
  });
});

const byCommit = (a: { commit: string }, b: { commit: string }) => a.commit.localeCompare(b.commit);
