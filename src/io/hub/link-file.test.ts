import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { linkFile } from "./link-file.js";
import { ModelCache } from "./model-cache.js";

const refusal = vi.hoisted(() => ({ code: undefined as string | undefined }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const symlink: typeof real.symlink = async (...args) => {
    if (refusal.code) throw Object.assign(new Error(refusal.code), { code: refusal.code });
    return await real.symlink(...args);
  };
  return { ...real, symlink };
});

const commit = "a".repeat(40);
const etag = "b".repeat(40);
let cache: ModelCache;
beforeEach(() => {
  cache = new ModelCache(mkdtempSync(join(tmpdir(), "vitrail-link-")), "owner/tiny");
  mkdirSync(cache.blobs, { recursive: true });
  writeFileSync(cache.blob(etag), "content");
  refusal.code = undefined;
});
afterEach(() => rmSync(cache.root, { recursive: true }));
const link = (path = "config.json") => linkFile(cache, { commit, path, etag }, "symbolic");
const content = (path = "config.json") => readFileSync(cache.file(commit, path), "utf8");

describe("linkFile", () => {
  it("links relatively, from folders in the snapshot too", async () => {
    await link("a/b.safetensors");
    expect(readlinkSync(cache.file(commit, "a/b.safetensors"))).toBe(join("..", "..", "..", "blobs", etag));
    expect(content("a/b.safetensors")).toBe("content");
  });

  it.each(["EPERM", "ENOTSUP", "UNKNOWN"])("copies where the system says %s to a link", async (code) => {
    refusal.code = code;
    await link();
    expect(lstatSync(cache.file(commit, "config.json")).isFile()).toBe(true);
    expect(content()).toBe("content");
    expect(readdirSync(cache.snapshot(commit))).toEqual(["config.json"]);
  });

  it("says what else goes wrong", async () => {
    refusal.code = "EIO";
    await expect(link()).rejects.toMatchObject({ code: "EIO" });
  });

  it("replaces a link that leads nowhere, and leaves a file that is there", async () => {
    mkdirSync(cache.snapshot(commit), { recursive: true });
    symlinkSync("../../blobs/gone", cache.file(commit, "config.json"));
    await link();
    expect(content()).toBe("content");
    rmSync(cache.file(commit, "config.json"));
    writeFileSync(cache.file(commit, "config.json"), "copy");
    await link();
    expect(content()).toBe("copy");
  });

  it("is the same done by several at once", async () => {
    await Promise.all(Array.from({ length: 8 }, () => link()));
    expect(content()).toBe("content");
  });
});
