import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { hubSettings } from "./hub-settings.js";

const home = homedir();

describe("hubSettings", () => {
  it.each([
    [{}, join(home, ".cache/huggingface/hub")],
    [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
    [{ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }, "/h/hub"],
    [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
    [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/c" }, "/c"],
    [{ HF_HUB_CACHE: "~/models" }, join(home, "models")],
    [{ HF_HUB_CACHE: "$DISK/a/${" + "DISK}/$NONE", DISK: "/d" }, "/d/a/d/$NONE"],
    [{ HF_HUB_CACHE: "" }, join(home, ".cache/huggingface/hub")],
  ])("with %o keeps models in %s", (environment, wanted) => {
    expect(hubSettings(undefined, environment).cacheDir).toBe(resolve(wanted));
    expect(hubSettings("/given", environment).cacheDir).toBe(resolve("/given"));
  });

  it.each([
    [{}, undefined],
    [{ HF_HUB_OFFLINE: "1" }, "HF_HUB_OFFLINE"],
    [{ HF_HUB_OFFLINE: "true" }, "HF_HUB_OFFLINE"],
    [{ TRANSFORMERS_OFFLINE: "YES" }, "TRANSFORMERS_OFFLINE"],
    [{ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }, undefined], // as huggingface_hub: the first that is set speaks
    [{ HF_HUB_OFFLINE: "no" }, undefined],
  ])("with %o is offline by %s", (environment, wanted) => {
    expect(hubSettings(undefined, environment).offlineBy).toBe(wanted);
  });

  it("finds the token's file beside the cache or where HF_TOKEN_PATH says", () => {
    expect(hubSettings(undefined, { HF_HOME: "/h" }).tokenPath).toBe(resolve("/h/token"));
    expect(hubSettings(undefined, { HF_TOKEN_PATH: "/t" }).tokenPath).toBe(resolve("/t"));
    expect(hubSettings(undefined, { HUGGING_FACE_HUB_TOKEN: "old" }).environmentToken).toBe("old");
  });

  it("takes the endpoint without its last slash, and both timeouts in seconds", () => {
    const { endpoint, metadataTimeoutMs, downloadTimeoutMs } = hubSettings(undefined, {
      HF_ENDPOINT: "https://mirror.example.org/hub/",
      HF_HUB_ETAG_TIMEOUT: "3",
    });
    expect({ endpoint, metadataTimeoutMs, downloadTimeoutMs }).toEqual({
      endpoint: "https://mirror.example.org/hub",
      metadataTimeoutMs: 3000,
      downloadTimeoutMs: 10_000,
    });
  });

  it.each([
    [{ HF_ENDPOINT: "mirror" }, "HF_ENDPOINT"],
    [{ HF_ENDPOINT: "file:///etc" }, "HF_ENDPOINT"],
    [{ HF_ENDPOINT: "https://me:secret@hub" }, "HF_ENDPOINT"],
    [{ HF_HUB_DOWNLOAD_TIMEOUT: "soon" }, "HF_HUB_DOWNLOAD_TIMEOUT"],
    [{ HF_HUB_ETAG_TIMEOUT: "-1" }, "HF_HUB_ETAG_TIMEOUT"],
  ])("refuses %o, and does not repeat a password", (environment, variable) => {
    try {
      hubSettings(undefined, environment);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "download/setting", details: { variable } });
      expect((error as Error).message).not.toContain("secret");
    }
  });
});
