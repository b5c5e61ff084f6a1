import { execFile, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { SERVERS_PYTHON } from "../../tasks/search/real-server.testing.js";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, TINY_SHARDED, useHubRoom } from "./hub-room.testing.js";
import { listModels } from "./list-models.js";
import { removeModel } from "./remove-model.js";

const SCRIPT = join(import.meta.dirname, "../../../tools/reference/hub_cache.py");
const isThere = spawnSync(SERVERS_PYTHON, ["-c", "import huggingface_hub"]).status === 0;
const why = isThere ? "" : " (left out: run `node tools/servers/install.mjs` to have it)";

const room = useHubRoom();
const ID = "owner/tiny";
const cacheDir = () => join(room.folder, "hub");

/** What Python's huggingface_hub does, with its scan of the cache afterwards. */
async function python(command: "download" | "read", revision: string[] = [], environment = {}) {
  const env = { HF_ENDPOINT: room.hub.endpoint, HF_HUB_CACHE: cacheDir(), HF_HOME: room.folder, ...environment };
  const { stdout } = await promisify(execFile)(SERVERS_PYTHON, [SCRIPT, command, ID, ...revision], { env });
  return JSON.parse(stdout);
}

describe.skipIf(!isThere)(`Python's huggingface_hub${why}`, () => {
  it.each([
    ["with links", {}],
    ["with copies", { HF_HUB_DISABLE_SYMLINKS: "1" }],
  ])(
    "downloads what vitrail then loads %s without a byte fetched, nor asked for by its commit",
    async (_what, more) => {
      room.hub.add(ID, TINY_MODEL);
      const { folder } = await python("download", [], more);
      room.hub.seen.length = 0;
      expect(await getModel(ID, {}, room.settings())).toEqual({ folder, commit: COMMIT });
      expect(await getModel(ID, { revision: COMMIT }, room.settings())).toEqual({ folder, commit: COMMIT });
      expect(room.hub.seen.map(({ method }) => method)).toEqual(["HEAD"]);
      expect(await getModel(ID, {}, room.settings({ HF_HUB_OFFLINE: "1" }))).toEqual({ folder, commit: COMMIT });
    },
  );

  it.each([TINY_MODEL, TINY_SHARDED])("takes from the cache alone what vitrail downloaded: %s", async (model) => {
    room.hub.add(ID, model, COMMIT, ["main", "refs/pr/1"]);
    const { folder } = await getModel(ID, {}, room.settings());
    await getModel(ID, { revision: "refs/pr/1" }, room.settings());
    const [own] = await listModels(cacheDir());
    const found = await python("read");
    expect(found).toMatchObject({ folder, warnings: [], bytes: own!.bytes });
    const files = readdirSync(model).filter((name) => /^model.*safetensors|config\.json$/.test(name));
    expect(found.repos).toEqual([
      { id: ID, bytes: own!.bytes, revisions: { [COMMIT]: { refs: ["main", "refs/pr/1"], files: files.sort() } } },
    ]);
    expect((await python("read", ["refs/pr/1"])).folder).toBe(folder);
  });

  it("goes on where vitrail has only some of the files, and the other way round", async () => {
    const readme = { ...contentsOf(TINY_MODEL), "extra.json": "{}" };
    room.hub.add(ID, readme);
    const { folder } = await getModel(ID, {}, room.settings());
    room.hub.seen.length = 0;
    await python("download");
    expect(room.hub.gets("extra.json")).toHaveLength(1);
    expect(room.hub.gets("model.safetensors")).toEqual([]);
    expect(readlinkSync(join(folder, "extra.json"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  });

  it("sees nothing amiss after vitrail removed one of two revisions that it had downloaded", async () => {
    const other = "f".repeat(40);
    room.hub.add(ID, TINY_MODEL);
    room.hub.add(ID, { ...contentsOf(TINY_MODEL), "config.json": "{}" }, other, ["v1"]);
    await python("download");
    await python("download", ["v1"]);
    await removeModel(ID, { cacheDir: cacheDir(), revision: "v1" });
    const found = await python("read");
    expect(found.warnings).toEqual([]);
    expect(Object.keys(found.repos[0].revisions)).toEqual([COMMIT]);
    expect(readdirSync(join(cacheDir(), "models--owner--tiny", "trees"))).toEqual([`${COMMIT}.json`]);
  });
});

function contentsOf(folder: string): Record<string, Uint8Array> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}
