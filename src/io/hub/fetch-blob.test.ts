import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMIT, type Fault } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { HubClient } from "./hub-client.js";
import { useHubRoom } from "./hub-room.testing.js";
import { describeFile } from "./remote-file.js";

const room = useHubRoom();
const ID = "owner/tiny";
const WEIGHTS = "model.safetensors";
/** Larger than the buffers of sockets, so that a cut comes in the middle. */
const content = randomBytes(3_000_000);
const FILES = { "config.json": "{}", "preprocessor_config.json": "{ }", [WEIGHTS]: content };
const blobs = () => join(room.folder, "hub", "models--owner--tiny", "blobs");
const partials = () => readdirSync(blobs()).filter((name) => name.endsWith(".incomplete"));
const isWeights = (path: string) => path.startsWith("/storage/") && path.endsWith(WEIGHTS);

/** Loads, and proves that what is there is what the Hub has. */
async function get(options: Parameters<typeof getModel>[1] = {}, environment = {}) {
  const { folder } = await getModel(ID, options, room.settings(environment));
  expect(readFileSync(join(folder, WEIGHTS)).equals(content)).toBe(true);
  expect(partials()).toEqual([]);
}

/** A fault of the first so many requests for the weights' bytes. */
const first =
  (count: number, fault: Fault): Fault =>
  (request, response, file) =>
    isWeights(request.path) && request.method === "GET" && count-- > 0 ? fault(request, response, file) : false;

const cutAfter = (bytes: number): Fault => {
  return (request, response, file) => {
    const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
    const rest = file!.content.subarray(from);
    const range = { "content-range": `bytes ${from}-${file!.content.length - 1}/${file!.content.length}` };
    response.writeHead(from > 0 ? 206 : 200, { ...(from > 0 && range), "content-length": String(rest.length) });
    response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
};

describe("a download", () => {
  it("goes on where a cut connection left it, nine times over", async () => {
    room.hub.add(ID, FILES);
    room.hub.fault = first(9, cutAfter(290_000));
    await expect(get()).rejects.toMatchObject({ code: "download/cut" }); // five times without much coming is enough
    expect(partials()).toHaveLength(1);
    await get(); // and the next call goes on from there
    const starts = room.hub.gets(WEIGHTS).filter(({ path }) => isWeights(path));
    const ranges = starts.map(({ headers }) => Number(/\d+/.exec(headers.range ?? "0")![0]));
    expect(ranges).toEqual([...ranges].sort((a, b) => a - b));
    expect(ranges.at(-1)).toBeGreaterThan(2_000_000);
  });

  it("counts failures anew once a megabyte has come", async () => {
    room.hub.add(ID, { ...FILES, [WEIGHTS]: randomBytes(9_000_000) });
    room.hub.fault = first(7, cutAfter(1_200_000));
    await getModel(ID, {}, room.settings());
  });

  it("starts over where the server has no ranges, or sends another one", async () => {
    room.hub.add(ID, FILES);
    const etag = room.hub.files.get(`${ID}@${COMMIT}`)!.get(WEIGHTS)!.etag;
    for (const answer of ["whole", "other range", "416"]) {
      await getModel(ID, {}, room.settings({ HF_HUB_CACHE: join(room.folder, answer) })).catch(() => {});
      const folder = join(room.folder, answer, "models--owner--tiny");
      const partial = join(folder, "blobs", `${etag}.vitrail.incomplete`);
      rmSync(join(folder, "snapshots"), { recursive: true });
      renameSync(join(folder, "blobs", etag), partial);
      writeFileSync(partial, content.subarray(0, 1000));
      room.hub.fault = first(1, (_request, response) => {
        const headers = answer === "other range" ? { "content-range": `bytes 5-9/${content.length}` } : {};
        const status = { whole: 200, "other range": 206, "416": 416 }[answer]!;
        response.writeHead(status, headers).end(status === 200 ? content : "12345");
        return true;
      });
      const got = await getModel(ID, {}, room.settings({ HF_HUB_CACHE: join(room.folder, answer) }));
      expect(readFileSync(join(got.folder, WEIGHTS)).equals(content)).toBe(true);
    }
  });

  it("takes bytes with a wrong hash away, tries once more, and never leaves them in the cache", async () => {
    room.hub.add(ID, FILES);
    const wrong: Fault = (_request, response) => {
      response.end(Buffer.alloc(content.length));
      return true;
    };
    room.hub.fault = first(1, wrong);
    await get();
    const folder = join(room.folder, "again");
    room.hub.fault = first(9, wrong);
    room.hub.seen.length = 0;
    await expect(get({}, { HF_HUB_CACHE: folder })).rejects.toMatchObject({ code: "download/hash" });
    expect(room.hub.gets(WEIGHTS).filter(({ path }) => isWeights(path))).toHaveLength(2);
    expect(readdirSync(join(folder, "models--owner--tiny", "blobs")).filter((name) => name.length > 40)).toEqual([]);
  });

  it("checks small files by git's hash", async () => {
    room.hub.add(ID, FILES);
    room.hub.fault = ({ method, path }, response) => {
      if (method !== "GET" || !path.endsWith("/config.json")) return false;
      response.end("[]");
      return true;
    };
    await expect(get()).rejects.toMatchObject({ code: "download/hash", details: { file: "config.json" } });
  });

  it.each([
    ["429 with Retry-After", 429, { "retry-after": "0" }],
    ["503", 503, {}],
    ["408", 408, {}],
  ])("waits out %s, from the Hub and from the storage", async (_what, status, headers) => {
    room.hub.add(ID, FILES);
    let left = 6;
    const refused = new Map<string, number>();
    room.hub.fault = ({ method, path }, response) => {
      const times = refused.get(method + path) ?? 0;
      if (left === 0 || times >= 2) return false;
      left--;
      refused.set(method + path, times + 1);
      response.writeHead(status as number, headers as Record<string, string>).end();
      return true;
    };
    await get();
    expect(left).toBe(0);
  });

  it("waits as long as the server asks, and rather fails than waits above a minute", async () => {
    room.hub.add(ID, FILES);
    room.hub.fault = first(1, (_request, response) => {
      response.writeHead(429, { "retry-after": "1" }).end();
      return true;
    });
    const begin = performance.now();
    await get();
    expect(performance.now() - begin).toBeGreaterThan(990);

    room.hub.fault = (_request, response) => {
      response.writeHead(429, { ratelimit: '"api";r=0;t=300' }).end();
      return true;
    };
    room.hub.seen.length = 0;
    await expect(getModel("owner/other", {}, room.settings())).rejects.toMatchObject({
      code: "download/rate-limited",
      message: expect.stringContaining("in 300 seconds"),
    });
    expect(room.hub.seen).toHaveLength(1);
  });

  it("gives up after five failures of the server", async () => {
    room.hub.fault = (_request, response) => {
      response.writeHead(502).end();
      return true;
    };
    await expect(getModel(ID, {}, room.settings())).rejects.toMatchObject({ code: "download/server" });
    expect(room.hub.seen).toHaveLength(5);
  });

  it("ends a server that drips or falls silent after five timeouts, and keeps what came", async () => {
    room.hub.add(ID, FILES);
    const timers: NodeJS.Timeout[] = [];
    room.hub.fault = (request, response) => {
      if (!isWeights(request.path)) return false;
      response.writeHead(request.headers.range ? 206 : 200, {
        "content-range": `bytes ${/\d+/.exec(request.headers.range ?? "0")![0]}-${content.length - 1}/${content.length}`,
      });
      timers.push(setInterval(() => response.write("x"), 20));
      return true;
    };
    const begin = performance.now();
    await expect(get({}, { HF_HUB_DOWNLOAD_TIMEOUT: "0.2" })).rejects.toMatchObject({ code: "download/timeout" });
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(partials()).toHaveLength(1);
    for (const timer of timers) clearInterval(timer);
  });

  it("does not wait for a head that never comes, but takes what the cache has", async () => {
    room.hub.add(ID, FILES);
    await get();
    room.hub.fault = () => true;
    const begin = performance.now();
    await get({}, { HF_HUB_ETAG_TIMEOUT: "0.1" });
    expect(performance.now() - begin).toBeLessThan(3000);

    const settings = room.settings({ HF_HUB_ETAG_TIMEOUT: "0.1" });
    const client = new HubClient(settings, undefined);
    const asking = describeFile(client, settings, { id: ID, revision: "main" }, "config.json", { attempts: 1 });
    await expect(asking).rejects.toMatchObject({
      code: "download/timeout",
      message: expect.stringContaining("HF_HUB_ETAG_TIMEOUT"),
    });
    await client.close();
  });

  it("refuses a length that is not the Hub's, and bytes beyond it", async () => {
    room.hub.add(ID, FILES);
    room.hub.fault = first(9, (_request, response) => {
      response.writeHead(200, { "content-length": "5" }).end("12345");
      return true;
    });
    await expect(get()).rejects.toMatchObject({ code: "download/size", details: { found: 5, wanted: content.length } });
    room.hub.fault = first(9, (_request, response) => {
      response.end(Buffer.concat([Buffer.alloc(content.length), Buffer.from("more")])); // chunked
      return true;
    });
    await expect(get()).rejects.toMatchObject({ code: "download/size" });
    room.hub.fault = undefined;
    await get();
  });

  it("ends within 500 ms of an abort with the signal's reason, and is resumed by the next", async () => {
    room.hub.add(ID, FILES);
    const controller = new AbortController();
    let aborted = 0;
    room.hub.fault = first(1, (_request, response) => {
      response.writeHead(200, { "content-length": String(content.length) });
      response.write(content.subarray(0, 500_000));
      setTimeout(() => {
        aborted = performance.now();
        controller.abort(new Error("enough"));
      }, 200);
      return true;
    });
    await expect(get({ signal: controller.signal })).rejects.toThrow("enough");
    expect(performance.now() - aborted).toBeLessThan(500);
    expect(partials()).toHaveLength(1);
    room.hub.seen.length = 0;
    await get();
    const [resumed] = room.hub.gets(WEIGHTS).filter(({ path }) => isWeights(path));
    expect(resumed?.headers.range).toBe("bytes=500000-");
    await expect(get({ signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
  });

  it("throws what the caller's progress throws, and leaves no lock behind", async () => {
    room.hub.add(ID, FILES);
    const progress = () => {
      throw new Error("mine");
    };
    await expect(get({ progress })).rejects.toThrow("mine");
    const locks = join(room.folder, "hub", ".locks", "models--owner--tiny");
    expect(existsSync(locks) ? readdirSync(locks) : []).toEqual([]);
  });
});
