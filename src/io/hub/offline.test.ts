import dns from "node:dns";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { getModel } from "./get-model.js";
import { TINY_MODEL, useHubRoom } from "./hub-room.testing.js";

const room = useHubRoom();
const ID = "owner/tiny";
const get = (environment = {}, options = {}) => getModel(ID, options, room.settings(environment));
afterEach(() => vi.restoreAllMocks());

/** Sees every way that Node has to a socket. */
function watchNetwork() {
  return [vi.spyOn(net.Socket.prototype, "connect"), vi.spyOn(dns, "lookup"), vi.spyOn(dns.promises, "lookup")];
}

describe.each(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])("with %s=1", (variable) => {
  it("a model in the cache loads and one that is not is an error that names the variable; no socket is opened", async () => {
    const watch = watchNetwork();
    room.hub.add(ID, TINY_MODEL);
    await expect(get({ [variable]: "1" })).rejects.toMatchObject({
      code: "download/offline",
      message: expect.stringContaining(variable),
      details: { variable },
    });
    for (const spy of watch) expect(spy).not.toHaveBeenCalled();
    const { folder } = await get();
    expect(watch[0]).toHaveBeenCalled(); // the watch works
    for (const spy of watch) spy.mockClear();
    expect((await get({ [variable]: "yes" })).folder).toBe(folder);
    await expect(get({ [variable]: "1" }, { revision: "v2" })).rejects.toMatchObject({ code: "download/offline" });
    rmSync(join(folder, "config.json"));
    await expect(get({ [variable]: "1" })).rejects.toThrow(/lacks config.json/);
    for (const spy of watch) expect(spy).not.toHaveBeenCalled();
  });
});

describe("without a network", () => {
  it("the last known commit of a branch is taken, at once", async () => {
    room.hub.add(ID, TINY_MODEL);
    const { folder } = await get();
    await room.hub.stop();
    const begin = performance.now();
    expect((await get()).folder).toBe(folder);
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(readFileSync(join(folder, "config.json")).length).toBeGreaterThan(0);
  });

  it("a model that is not in the cache is an error", async () => {
    await room.hub.stop();
    await expect(get()).rejects.toMatchObject({
      code: "download/unreachable",
      details: { systemCode: "ECONNREFUSED" },
    });
    expect(readdirSync(room.folder)).toEqual([]);
  });

  it.each([500, 401, 403, 429])(
    "a Hub that answers %i does not take a model away that is in the cache",
    async (status) => {
      room.hub.add(ID, TINY_MODEL);
      const { folder } = await get();
      room.hub.fault = (_request, response) => {
        response.writeHead(status).end();
        return true;
      };
      room.hub.seen.length = 0;
      expect((await get()).folder).toBe(folder);
      expect(room.hub.seen).toHaveLength(1);
    },
  );

  it("a revision that the Hub no longer has is an error, though the cache knows it", async () => {
    room.hub.add(ID, TINY_MODEL);
    await get();
    room.hub.revisions.get(ID)!.delete("main");
    await expect(get()).rejects.toMatchObject({ code: "download/revision-not-found" });
  });
});
