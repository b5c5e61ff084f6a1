import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useHubRoom } from "./hub-room.testing.js";

const room = useHubRoom();
const ID = "owner/tiny";
const content = randomBytes(4_000_000);
const FILES = { "config.json": "{}", "preprocessor_config.json": "{ }", "model.safetensors": content };
let program: string;

beforeAll(async () => {
  program = mkdtempSync(join(tmpdir(), "vitrail-loader-"));
  chmodSync(program, 0o755);
  await build({
    entryPoints: [join(import.meta.dirname, "loader.testing.ts")],
    outfile: join(program, "loader.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
});
afterAll(() => rmSync(program, { recursive: true }));

/** A process that loads the model; `uid`: as another user. */
function load(uid?: number): { child: ChildProcess; output: Promise<string> } {
  const child = spawn(
    process.execPath,
    [join(program, "loader.mjs"), ID, ...(uid === undefined ? [] : [String(uid)])],
    {
      env: { HF_ENDPOINT: room.hub.endpoint, HF_HOME: room.folder, HF_HUB_DOWNLOAD_TIMEOUT: "30" },
    },
  );
  const parts: Buffer[] = [];
  child.stdout!.on("data", (part) => parts.push(part));
  child.stderr!.on("data", (part) => parts.push(part));
  return { child, output: new Promise((done) => child.on("close", () => done(Buffer.concat(parts).toString()))) };
}

const getsOfWeights = () => room.hub.gets("model.safetensors").filter(({ path }) => path.startsWith("/storage/"));
const blobs = () => join(room.folder, "hub", "models--owner--tiny", "blobs");
const locks = () => readdirSync(join(room.folder, "hub", ".locks", "models--owner--tiny"));

/** Sends half of the weights, and the rest when `go` is called. */
function slowly(): { go: () => void; half: Promise<void> } {
  let go = () => {};
  let reached = () => {};
  const going = new Promise<void>((done) => (go = done));
  const half = new Promise<void>((done) => (reached = done));
  room.hub.fault = async ({ method, path, headers }, response) => {
    if (method !== "GET" || !path.startsWith("/storage/") || headers.range) return false;
    response.writeHead(200, { "content-length": String(content.length) });
    response.write(content.subarray(0, content.length / 2), () => setTimeout(reached, 300));
    await going;
    response.end(content.subarray(content.length / 2));
    return true;
  };
  return { go, half };
}

describe("several processes", () => {
  it("that want the same model at once fetch it once", async () => {
    room.hub.add(ID, FILES);
    const { go, half } = slowly();
    const loads = [load(), load(), load(), load()];
    await half;
    await expect
      .poll(() => room.hub.seen.filter(({ path }) => path.endsWith("preprocessor_config.json")).length, {
        timeout: 8000,
      })
      .toBeGreaterThanOrEqual(5); // all four have asked what there is, one has fetched it
    go();
    for (const { output } of loads) expect(await output).toMatch(/^done .*snapshots/m);
    expect(getsOfWeights()).toHaveLength(1);
    expect(room.hub.gets("/config.json")).toHaveLength(1);
    expect(locks()).toEqual([]);
  });

  it("take over from one that was killed, from where it was", async () => {
    room.hub.add(ID, FILES);
    const { half } = slowly();
    const first = load();
    await half;
    const second = load(); // waits for the first
    await expect.poll(() => room.hub.seen.filter(({ method }) => method === "HEAD").length, { timeout: 8000 }).toBe(6);
    first.child.kill("SIGKILL");
    expect(await second.output).toMatch(/^done /m);
    const ranges = getsOfWeights().map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, `bytes=${content.length / 2}-`]);
    expect(readdirSync(blobs()).filter((name) => name.includes("incomplete"))).toEqual([]);
    const [weights] = readdirSync(blobs()).filter((name) => name.length === 64);
    expect(readFileSync(join(blobs(), weights!)).equals(content)).toBe(true);
    expect(locks()).toEqual([]);
  });
});

// A folder without rights stops no one who is root, so the process becomes someone else there.
const stranger = process.getuid?.() === 0 ? 65534 : undefined;
describe.skipIf(process.platform === "win32")("a cache that can't be written to", () => {
  it("gives what it has, and is an error with the variable to set for what it has not", async () => {
    room.hub.add(ID, FILES);
    chmodSync(room.folder, 0o755);
    mkdirSync(join(room.folder, "hub"), { mode: 0o555 });
    expect(await load(stranger).output).toMatch(/^failed download\/cache .*EACCES.*HF_HUB_CACHE/);
    chmodSync(join(room.folder, "hub"), 0o755);
    expect(await load().output).toMatch(/^done /m);
    for (const name of readdirSync(room.folder, { recursive: true, withFileTypes: true }))
      if (name.isDirectory()) chmodSync(join(name.parentPath ?? name.path, name.name), 0o555);
    room.hub.add(ID, FILES, "b".repeat(40)); // the branch moves on: same blobs, but no link to them can be made
    expect(await load(stranger).output).toMatch(/^failed download\/cache/);
    room.hub.add(ID, FILES);
    expect(await load(stranger).output).toMatch(/^done /);
    for (const name of readdirSync(room.folder, { recursive: true, withFileTypes: true }))
      if (name.isDirectory()) chmodSync(join(name.parentPath ?? name.path, name.name), 0o755);
  });
});
