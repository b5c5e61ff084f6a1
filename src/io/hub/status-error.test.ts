import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { DOWNLOAD_CODES } from "./download-error.js";
import { COMMIT } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, useHubRoom } from "./hub-room.testing.js";
import { statusError } from "./status-error.js";

const room = useHubRoom();
const ID = "owner/tiny";

describe("an answer that is a failure", () => {
  it.each([
    [
      "no such model",
      404,
      "RepoNotFound",
      undefined,
      "download/not-found",
      /no model "owner\/tiny".*private.*HF_TOKEN/s,
    ],
    ["no such revision", 404, "RevisionNotFound", undefined, "download/revision-not-found", /no revision "main"/],
    ["no config.json", 404, "EntryNotFound", undefined, "download/file-not-found", /no file "config.json"/],
    ["a private one", 401, "RepoNotFound", undefined, "download/not-found", /HF_TOKEN/],
    ["no token", 401, undefined, undefined, "download/unauthorized", /private or does not exist.*set HF_TOKEN/s],
    ["a bad token", 401, undefined, "hf_secret", "download/unauthorized", /Check the token/],
    ["a license, no token", 401, "GatedRepo", undefined, "download/gated", /Accept it at .*\/owner\/tiny/],
    ["a license, a token", 403, "GatedRepo", "hf_secret", "download/gated", /Accept it at .*\/owner\/tiny/],
    ["too few rights", 403, undefined, "hf_secret", "download/forbidden", /right to read/],
    ["another one", 418, undefined, undefined, "download/refused", /418/],
  ])("%s: says what to do, and no secret", async (_what, status, said, token, code, message) => {
    room.hub.fault = (_request, response) => {
      response.writeHead(status, said ? { "x-error-code": said } : {}).end("<html>");
      return true;
    };
    const failing = getModel(ID, token ? { token } : {}, room.settings());
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const error = await failing.catch((caught) => caught);
    expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toContain("hf_secret");
    expect(room.hub.seen).toHaveLength(1); // asking again would not help
  });

  it("says when to come back, whichever way the server says it", () => {
    const asked = { id: ID, revision: "main", file: "config.json", endpoint: "https://hub", hasToken: false };
    const wait = (headers: Record<string, string>) =>
      statusError({ status: 429, headers, body: Readable.from([]) }, asked).details.retryAfterMs;
    expect(wait({ "retry-after": "7" })).toBe(7000);
    const date = wait({ "retry-after": new Date(Date.now() + 30_000).toUTCString() });
    expect(date).toBeGreaterThan(28_000);
    expect(date).toBeLessThanOrEqual(30_000);
    expect(wait({ "retry-after": new Date(0).toUTCString() })).toBe(0);
    expect(wait({ "retry-after": "soon", ratelimit: '"resolvers";r=0;t=55' })).toBe(55_000);
    expect(wait({})).toBeUndefined();
  });

  it.each([
    ["no commit", { "x-repo-commit": "main" }],
    ["a hash that is a path", { etag: '"../../etc/passwd"' }],
    ["no size", { "x-linked-etag": "b".repeat(64), "x-linked-size": "-1" }],
  ])("with %s is said to be none of a Hub", async (_what, headers) => {
    room.hub.fault = (_request, response) => {
      const sound = { "x-repo-commit": "a".repeat(40), etag: `"${"b".repeat(40)}"`, "content-length": "2" };
      response.writeHead(200, { ...sound, ...headers }).end();
      return true;
    };
    await expect(getModel(ID, {}, room.settings())).rejects.toMatchObject({ code: "download/not-a-hub" });
    expect(readdirSync(room.folder)).toEqual([]);
  });

  it("has a code of the documented list, each of which is documented", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/hub.md"), "utf8");
    for (const code of Object.keys(DOWNLOAD_CODES)) expect(text).toContain(`\`${code}\``);
  });
});

describe("the token", () => {
  it("goes to the Hub alone, not to where it redirects", async () => {
    room.hub.add(ID, TINY_MODEL);
    await getModel(ID, { token: "hf_secret" }, room.settings());
    const atHub = room.hub.seen.filter(({ path }) => !path.startsWith("/storage/"));
    const atStorage = room.hub.seen.filter(({ path }) => path.startsWith("/storage/"));
    expect(atHub.map(({ headers }) => headers.authorization)).toEqual(atHub.map(() => "Bearer hf_secret"));
    expect(atStorage.length).toBeGreaterThan(0);
    expect(atStorage.map(({ headers }) => headers.authorization)).toEqual(atStorage.map(() => undefined));
  });

  it("does not come back when a redirect leads from the storage to the Hub again", async () => {
    room.hub.add(ID, TINY_MODEL);
    room.hub.fault = ({ method, path }, response) => {
      if (method !== "GET" || !path.startsWith("/storage/")) return false;
      response.writeHead(302, { location: `${room.hub.endpoint}/caught` }).end();
      return true;
    };
    await expect(getModel(ID, { token: "hf_secret" }, room.settings())).rejects.toMatchObject({
      code: "download/not-found",
    });
    const caught = room.hub.seen.filter(({ path }) => path === "/caught");
    expect(caught.length).toBeGreaterThan(0);
    for (const { headers } of caught) expect(headers.authorization).toBeUndefined();
  });

  it("follows a renamed model on the same host", async () => {
    room.hub.add("owner/renamed", TINY_MODEL);
    room.hub.fault = ({ path }, response) => {
      if (!path.startsWith(`/${ID}/`)) return false;
      response.writeHead(307, { location: path.replace(ID, "owner/renamed") }).end();
      return true;
    };
    await getModel(ID, { token: "hf_secret" }, room.settings());
    const atNew = room.hub.seen.filter(({ path }) => path.startsWith("/owner/renamed/"));
    expect(atNew.every(({ headers }) => headers.authorization === "Bearer hf_secret")).toBe(true);
  });

  it("goes along where the Hub sends small files to another path of its own", async () => {
    room.hub.add(ID, TINY_MODEL);
    room.hub.fault = ({ path }, response, file) => {
      if (!path.endsWith("config.json") || path.startsWith("/storage/")) return false;
      const headers = { "x-repo-commit": COMMIT, "x-linked-etag": `"${file!.etag}"` }; // no size: the other path says it
      response.writeHead(307, { ...headers, location: `/storage${path}?etag=1` }).end();
      return true;
    };
    const { folder } = await getModel(ID, { token: "hf_secret" }, room.settings());
    expect(readFileSync(join(folder, "config.json"))).toEqual(readFileSync(join(TINY_MODEL, "config.json")));
    const small = room.hub.seen.filter(({ path }) => /^\/storage\/.*config\.json$/.test(path));
    expect(new Set(small.map(({ method }) => method))).toEqual(new Set(["HEAD", "GET"]));
    expect(small.every(({ headers }) => headers.authorization === "Bearer hf_secret")).toBe(true);
  });

  it.each([
    ["in a circle", (path: string) => path],
    ["to a file", () => "file:///etc/passwd"],
    ["to nothing", () => "http://"],
    ["to another scheme", () => "ftp://127.0.0.1/x"],
  ])("is not asked for again where a redirect leads %s", async (_what, location) => {
    room.hub.fault = ({ path }, response) => {
      response.writeHead(302, { location: location(path) }).end();
      return true;
    };
    await expect(getModel(ID, {}, room.settings())).rejects.toMatchObject({ code: "download/redirect" });
  });

  it("comes from the option, HF_TOKEN or the login's file, in this order; false and HF_HUB_DISABLE_IMPLICIT_TOKEN send none", async () => {
    const sent = async (options: object, environment: Record<string, string>) => {
      room.hub.seen.length = 0;
      await getModel(ID, options, room.settings(environment)).catch(() => {});
      return room.hub.seen[0]?.headers.authorization;
    };
    const path = join(room.folder, "elsewhere");
    writeFileSync(path, " hf_path\n");
    expect(await sent({}, {})).toBeUndefined();
    writeFileSync(join(room.folder, "token"), "hf_file\n");
    expect(await sent({}, {})).toBe("Bearer hf_file");
    expect(await sent({}, { HF_TOKEN_PATH: path })).toBe("Bearer hf_path");
    expect(await sent({}, { HF_TOKEN: "hf_env\n" })).toBe("Bearer hf_env");
    expect(await sent({ token: "hf_own" }, { HF_TOKEN: "hf_env" })).toBe("Bearer hf_own");
    expect(await sent({ token: false }, { HF_TOKEN: "hf_env" })).toBeUndefined();
    expect(await sent({}, { HF_TOKEN: "hf_env", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).toBeUndefined();
    expect(await sent({ token: "hf_own" }, { HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).toBe("Bearer hf_own");
    const bad = getModel(ID, { token: "hf_sec\nret: x" }, room.settings());
    await expect(bad).rejects.toMatchObject({
      code: "download/setting",
      message: expect.not.stringContaining("hf_sec"),
    });
  });
});
