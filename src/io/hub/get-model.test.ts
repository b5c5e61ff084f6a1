import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { DownloadProgress } from "./byte-progress.js";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, TINY_SHARDED, useHubRoom } from "./hub-room.testing.js";

const room = useHubRoom();
const ID = "owner/tiny";
const cached = (...names: string[]) => join(room.folder, "hub", "models--owner--tiny", ...names);
const get = (options: Parameters<typeof getModel>[1] = {}, environment = {}) =>
  getModel(ID, options, room.settings(environment));

describe("getModel", () => {
  it("lays a model out as Python's huggingface_hub does, and fetches nothing the second time", async () => {
    room.hub.add(ID, TINY_MODEL);
    const { folder, commit } = await get();
    expect(commit).toBe(COMMIT);
    expect(folder).toBe(cached("snapshots", COMMIT));
    expect(readFileSync(cached("refs", "main"), "utf8")).toBe(COMMIT);
    const weights = room.hub.files.get(`${ID}@${COMMIT}`)!.get("model.safetensors")!;
    expect(readlinkSync(join(folder, "model.safetensors"))).toBe(join("..", "..", "blobs", weights.etag));
    for (const name of readdirSync(TINY_MODEL))
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(TINY_MODEL, name)))).toBe(true);
    expect(readdirSync(cached("blobs")).sort()).toEqual(
      [...room.hub.files.get(`${ID}@${COMMIT}`)!.values()].map(({ etag }) => etag).sort(),
    );

    room.hub.seen.length = 0;
    expect(await get()).toEqual({ folder, commit });
    expect(room.hub.seen.map(({ method }) => method)).toEqual(["HEAD"]); // only: is main still that commit?
    room.hub.seen.length = 0;
    await get({ revision: COMMIT });
    expect(room.hub.seen).toEqual([]);
  });

  it("fetches the shards of an index, and no pickle or other file beside them", async () => {
    const files = Object.fromEntries(
      readdirSync(TINY_SHARDED).map((name) => [name, readFileSync(join(TINY_SHARDED, name))]),
    );
    room.hub.add(ID, { ...files, "pytorch_model.bin": "pickle", "README.md": "# Tiny", "model.onnx": "onnx" });
    const { folder } = await get();
    const names = readdirSync(folder).sort();
    expect(names).toEqual(
      Object.keys(files)
        .filter((name) => /^model.*safetensors|config\.json$/.test(name))
        .sort(),
    );
    expect(names.filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(1);
    expect(existsSync(cached(".no_exist", COMMIT, "model.safetensors"))).toBe(true);
  });

  it("fetches 40 shards, at most four at a time, without a warning of Node's", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    const names = Array.from({ length: 40 }, (_, i) => `model-${i + 1}-of-40.safetensors`);
    const index = { metadata: {}, weight_map: Object.fromEntries(names.map((name) => [`tensor ${name}`, name])) };
    room.hub.add(ID, {
      "config.json": "{}",
      "model.safetensors.index.json": JSON.stringify(index),
      ...Object.fromEntries(names.map((name) => [name, `content of ${name}`])),
    });
    let open = 0;
    let most = 0;
    room.hub.fault = async ({ method, path }, response) => {
      if (method === "GET" && path.startsWith("/storage/")) {
        most = Math.max(most, ++open);
        response.on("close", () => open--);
        await new Promise((done) => setTimeout(done, 5));
      }
      return false;
    };
    const { folder } = await get({ signal: new AbortController().signal });
    for (const name of names) expect(readFileSync(join(folder, name), "utf8")).toBe(`content of ${name}`);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    expect(warned).not.toHaveBeenCalled();
    process.off("warning", warned);
  });

  it("called several times at once in one process fetches each file once, and stops waiting when it is told to", async () => {
    room.hub.add(ID, TINY_MODEL);
    let go = () => {};
    const going = new Promise<void>((done) => (go = done));
    room.hub.fault = async ({ method, path }) => {
      if (method === "GET" && path.startsWith("/storage/")) await going;
      return false;
    };
    const [first, second] = [get(), get()];
    await expect.poll(() => room.hub.gets("model.safetensors").length).toBeGreaterThan(0);
    const impatient = get({ signal: AbortSignal.timeout(150) });
    await expect(impatient).rejects.toMatchObject({ name: "TimeoutError" });
    go();
    expect(await first).toEqual(await second);
    expect(room.hub.gets("model.safetensors").filter(({ path }) => path.startsWith("/storage/"))).toHaveLength(1);
  });

  it("tells the bytes of all files, of a total that is known before the first comes and never changes", async () => {
    room.hub.add(ID, TINY_MODEL);
    const events: DownloadProgress[] = [];
    await get({ progress: (event) => void events.push(event) });
    const total = readdirSync(TINY_MODEL).reduce((sum, name) => sum + lstatSync(join(TINY_MODEL, name)).size, 0);
    expect(new Set(events.map((event) => event.total))).toEqual(new Set([total]));
    expect(events.at(-1)).toMatchObject({ loaded: total });
    expect(events.map(({ loaded }) => loaded)).toEqual(events.map(({ loaded }) => loaded).sort((a, b) => a - b));
  });

  it("keeps branches, tags, pull requests and commits apart, and notes what is not there", async () => {
    room.hub.add(ID, TINY_MODEL);
    const other = "f".repeat(40);
    const { "preprocessor_config.json": _, ...rest } = Object.fromEntries(
      readdirSync(TINY_MODEL).map((name) => [name, readFileSync(join(TINY_MODEL, name))]),
    );
    room.hub.add(ID, rest, other, ["refs/pr/1", "v1.0"]);
    expect((await get({ revision: "refs/pr/1" })).commit).toBe(other);
    expect(readFileSync(cached("refs", "refs", "pr", "1"), "utf8")).toBe(other);
    expect(existsSync(cached(".no_exist", other, "preprocessor_config.json"))).toBe(true);
    expect((await get({ revision: "v1.0" })).commit).toBe(other);
    expect((await get()).commit).toBe(COMMIT);
    const blobs = readdirSync(cached("blobs")).length;
    expect(blobs).toBe(3); // shared by both commits
  });

  it("follows a branch that moves", async () => {
    room.hub.add(ID, TINY_MODEL);
    await get();
    room.hub.add(ID, TINY_MODEL, "a".repeat(40));
    room.hub.seen.length = 0;
    expect((await get()).commit).toBe("a".repeat(40));
    expect(room.hub.gets()).toEqual([]); // the same blobs
    expect(readFileSync(cached("refs", "main"), "utf8")).toBe("a".repeat(40));
  });

  it("copies where links are switched off, and mends a link that leads nowhere", async () => {
    room.hub.add(ID, TINY_MODEL);
    const { folder } = await get({}, { HF_HUB_DISABLE_SYMLINKS: "1" });
    expect(lstatSync(join(folder, "config.json")).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(folder, "config.json")).equals(readFileSync(join(TINY_MODEL, "config.json")))).toBe(true);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it("refuses ids and revisions that are none, before anything is asked", async () => {
    for (const id of ["", "a", "../b", "a/../b", "a/b/c", "a/.git", "a--b/c", "a\\b/c", "a/b.git", "-a/b"])
      await expect(getModel(id, {}, room.settings())).rejects.toMatchObject({ code: "input/model-id" });
    for (const revision of ["", "../main", "a/../../b", "/etc", "a\\b", "a b", ".hidden", "x.lock", "a//b", "a/"])
      await expect(get({ revision })).rejects.toMatchObject({ code: "input/revision" });
    expect(room.hub.seen).toEqual([]);
    expect(readdirSync(room.folder)).toEqual([]);
  });

  it("says how to convert a model that has only pickles", async () => {
    room.hub.add(ID, { "config.json": "{}", "pytorch_model.bin": "pickle" });
    await expect(get()).rejects.toMatchObject({
      code: "download/no-safetensors",
      message: expect.stringMatching(/pickle can run code.*save_pretrained/s),
    });
    expect(room.hub.gets()).toEqual([]);
    room.hub.add(ID, { "config.json": "{}" });
    await expect(get()).rejects.toThrow(/neither "model.safetensors" nor/);
  });

  it.each(["../outside.safetensors", "/etc/outside.safetensors", "..\\outside.safetensors", "a/../../b.safetensors"])(
    "refuses an index that names the shard %s",
    async (shard) => {
      const index = JSON.stringify({ metadata: {}, weight_map: { tensor: shard } });
      room.hub.add(ID, { "config.json": "{}", "model.safetensors.index.json": index });
      await expect(get()).rejects.toMatchObject({ code: "weights/shard-path" });
      expect(room.hub.seen.filter(({ path }) => path.includes("outside"))).toEqual([]);
    },
  );

  it("sees a cache whose ref is damaged as one without it", async () => {
    room.hub.add(ID, TINY_MODEL);
    mkdirSync(cached("refs"), { recursive: true });
    writeFileSync(cached("refs", "main"), "../../etc");
    expect((await get()).commit).toBe(COMMIT);
    expect(readFileSync(cached("refs", "main"), "utf8")).toBe(COMMIT);
  });
});
