import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { COMMIT, FakeHub } from "../../io/hub/fake-hub.testing.js";
import { loadModel } from "../../tasks/load-model.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { packageFile } from "../../tasks/package-file.js";
import { testServer, withThreads } from "./server.testing.js";

const photo = new Uint8Array(readFileSync(packageFile("conformance/photos/hopper.jpg")));
const OTHER_COMMIT = "f".repeat(40);

withThreads();
let hub: FakeHub;
let folder: string;
beforeAll(async () => {
  hub = await FakeHub.start();
  hub.add("owner/emotions", tinyModel("vit"));
  hub.add("owner/emotions", tinyModel("vit-deep"), OTHER_COMMIT, ["v2"]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-served-hub-"));
  // Threads take a copy of the environment when they start.
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HOME", folder);
  hub.seen.length = 0;
  hub.fault = undefined;
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  };
});
afterAll(() => hub?.stop());

const post = (name: string) =>
  new Request(`http://localhost/models/${name}`, {
    method: "POST",
    body: photo,
    headers: { "content-type": "image/jpeg" },
  });
const labelsOfFolder = async (name: string) => {
  await using model = await loadModel(tinyModel(name));
  return await model.classify(photo, { topK: 5 });
};

it("serves a model of the Hub by its id, and another revision of it beside, each with its own answers", async () => {
  const models = { emotions: "owner/emotions", next: { model: "owner/emotions", revision: "v2" } };
  await using server = await testServer({ models });
  expect(await (await server.fetch(post("emotions"))).json()).toEqual(await labelsOfFolder("vit"));
  expect(await (await server.fetch(post("next"))).json()).toEqual(await labelsOfFolder("vit-deep"));
  const commits = hub.gets("model.safetensors").map(({ path }) => /resolve\/([^/]+)/.exec(path)?.[1]);
  expect(new Set(commits)).toEqual(new Set([COMMIT, OTHER_COMMIT]));
});

it("sends a model's token to the Hub, and keeps its files in its cacheDir, from where they come without a byte the next time", async () => {
  const cacheDir = join(folder, "elsewhere");
  const source = { model: "owner/emotions", revision: COMMIT, token: "hf_secret", cacheDir };
  {
    await using server = await testServer({ models: { emotions: source } });
    expect((await server.fetch(post("emotions"))).status).toBe(200);
  }
  const authorizations = hub.seen
    .filter(({ path }) => path.endsWith("config.json"))
    .map(({ headers }) => headers.authorization);
  expect(new Set(authorizations)).toEqual(new Set(["Bearer hf_secret"]));
  hub.seen.length = 0;
  await using again = await testServer({ models: { emotions: source } });
  expect((await again.fetch(post("emotions"))).status).toBe(200);
  expect(hub.seen).toEqual([]);
});

it("loads one checkpoint under two names once", async () => {
  const source = { model: "owner/emotions", revision: COMMIT };
  await using server = await testServer({ models: { a: source, b: { ...source } } });
  const [a, b] = await Promise.all(["a", "b"].map(async (name) => (await server.fetch(post(name))).json()));
  expect(a).toEqual(b);
  expect(hub.gets("model.safetensors").filter(({ path }) => path.startsWith("/storage/"))).toHaveLength(1);
});

it.each<[string, unknown, string]>([
  ["a model that the Hub does not have", "owner/nothing", "download/not-found"],
  ["a revision that it does not have", { model: "owner/emotions", revision: "v9" }, "download/revision-not-found"],
  ["a revision of a folder", { model: tinyModel("vit"), revision: "main" }, "input/option"],
])("names the one of several models that does not load: %s", async (_, source, code) => {
  const models = { good: tinyModel("vit"), bad: source as string };
  const failing = testServer({ models });
  await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(/^The model "bad": /) });
  await expect(failing).rejects.toMatchObject({ details: { model: "bad" } });
});

it.each<[string, object]>([
  ["no model", { revision: "main" }],
  ["an option that is none", { model: "owner/emotions", branch: "main" }],
])("refuses a source with %s before anything is fetched", async (_, source) => {
  const models = { bad: source as { model: string } };
  await expect(testServer({ models })).rejects.toMatchObject({ code: "input/option" });
  expect(hub.seen).toEqual([]);
});
