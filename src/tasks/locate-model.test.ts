import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DownloadProgress } from "../io/hub/byte-progress.js";
import { COMMIT } from "../io/hub/fake-hub.testing.js";
import { TINY_MODEL, useHubRoom } from "../io/hub/hub-room.testing.js";
import { loadFaceAnalyzer } from "./faces/load-face-analyzer.js";
import { inspectModel } from "./inspect-model.js";
import { loadLayers, loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import { verifyModel } from "./verify-model.js";

const room = useHubRoom();
const ID = "owner/tiny";
beforeEach(() => {
  vi.stubEnv("HF_ENDPOINT", room.hub.endpoint);
  vi.stubEnv("HF_HOME", room.folder);
  for (const name of ["HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, "");
  room.hub.add(ID, TINY_MODEL);
});
afterEach(() => vi.unstubAllEnvs());
const pixels = { data: new Uint8Array(48 * 48 * 3).fill(90), width: 48, height: 48 };

describe("a model of the Hub", () => {
  it("gives the same numbers as its folder, and is in the cache afterwards", async () => {
    const events: DownloadProgress[] = [];
    await using fromHub = await loadModel(ID, { progress: (event) => void events.push(event), engine: "cpu" });
    await using fromFolder = await loadModel(TINY_MODEL, { engine: "cpu" });
    expect(await fromHub.classify(pixels)).toEqual(await fromFolder.classify(pixels));
    expect(events.at(-1)?.loaded).toBe(events.at(-1)?.total);
    expect(existsSync(join(room.folder, "hub/models--owner--tiny/snapshots", COMMIT, "config.json"))).toBe(true);
  });

  it("can be inspected, verified, taken for layers and for what is said of faces", async () => {
    expect((await inspectModel(ID)).parameters).toBe((await inspectModel(TINY_MODEL)).parameters);
    await expect(verifyModel(ID)).rejects.toMatchObject({ code: "input/golden" });
    expect(
      (await verifyModel(ID, { golden: join(TINY_MODEL, "../../goldens/vit"), engine: "cpu" })).tensors.length,
    ).toBeGreaterThan(5);
    const { model } = await loadLayers(ID, { engine: "cpu" });
    model.dispose();
    const attributes = { mood: ID, before: { model: ID, revision: "v1" } };
    room.hub.add(ID, TINY_MODEL, "c".repeat(40), ["v1"]);
    await using analyzer = await loadFaceAnalyzer({ attributes, engine: "cpu", detector: { model: "short" } });
    expect(analyzer).toBeDefined();
    expect(room.hub.seen.map(({ path }) => path)).toContain(`/${ID}/resolve/v1/config.json`);
    expect(room.hub.gets("model.safetensors").filter(({ path }) => path.startsWith("/storage/"))).toHaveLength(1);
  });

  it("takes revision, token and cacheDir", async () => {
    const cacheDir = join(room.folder, "mine");
    await inspectModel(ID, { revision: COMMIT, token: "hf_x", cacheDir });
    expect(readdirSync(cacheDir)).toContain("models--owner--tiny");
    expect(room.hub.seen[0]).toMatchObject({
      path: `/${ID}/resolve/${COMMIT}/config.json`,
      headers: { authorization: "Bearer hf_x" },
    });
  });

  it("is named by its id, not by its commit, where its files are wrong", async () => {
    const weights = readFileSync(join(TINY_MODEL, "model.safetensors"));
    room.hub.add(ID, { "config.json": '{"model_type":"bert"}', "model.safetensors": weights });
    await expect(loadModel(ID)).rejects.toThrow(/^"?owner\/tiny\/config\.json/);
  });
});

describe("a path", () => {
  it("wins over the Hub, as in Python, and has no revisions", async () => {
    mkdirSync(join(room.folder, "owner"));
    const before = process.cwd();
    process.chdir(room.folder);
    try {
      cpSync(tinyModel("vit"), join(room.folder, ID), { recursive: true });
      await inspectModel(ID);
      expect(room.hub.seen).toEqual([]);
      await expect(inspectModel(ID, { revision: "main" })).rejects.toMatchObject({ code: "input/option" });
    } finally {
      process.chdir(before);
    }
  });

  it.each(["./models/emotions", "models/old/emotions", "emotions", "/no/such", "C:\\models", "owner/", ""])(
    "that is not there and can't be an id is an error, and nothing is asked: %j",
    async (source) => {
      await expect(loadModel(source)).rejects.toMatchObject({ code: "input/not-found" });
      expect(room.hub.seen).toEqual([]);
    },
  );

  it("that looks like an id and is neither is an error that speaks of both", async () => {
    await expect(loadModel("models/emotions")).rejects.toMatchObject({
      code: "download/not-found",
      message: expect.stringMatching(/no folder "models\/emotions" here.*no model "models\/emotions"/s),
    });
  });
});

it.each([{ token: 5 }, { token: true }, { cacheDir: 5 }, { cacheDir: "" }, { progress: "yes" }])(
  "refuses the option %o",
  async (options) => {
    await expect(loadModel(ID, options as object)).rejects.toMatchObject({ code: "input/option" });
    await expect(inspectModel(TINY_MODEL, options as object)).rejects.toMatchObject({ code: "input/option" });
  },
);
