import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Listening, listen } from "../../src/apps/server/listen.js";
import { testServer, withThreads } from "../../src/apps/server/server.testing.js";
import { loadModel } from "../../src/tasks/load-model.js";
import { tinyModel } from "../../src/tasks/model-folder.testing.js";
import { packageFile } from "../../src/tasks/package-file.js";
import { openIndex } from "../../src/tasks/search/open-index.js";
import type { SearchIndex } from "../../src/tasks/search/search-index.js";
import type { VisionModel } from "../../src/tasks/vision-model.js";

const KEY = "a-key-for-tests";
const file = packageFile("conformance/photos/hopper.jpg");
const photo = readFileSync(file);

withThreads();
let folder: string;
let model: VisionModel;
let index: SearchIndex;
let open: Listening;
let locked: Listening;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-clients-"));
  cpSync(file, join(folder, "face.jpg"));
  model = await loadModel(tinyModel("vit"));
  index = await openIndex(join(folder, "index"));
  await index.add([{ id: "hopper.jpg", vector: await model.embed(photo) }]);
  const options = {
    models: { emotions: model },
    faces: { attributes: { emotion: tinyModel("vit") }, detector: { model: "short" } },
    index: { model: "emotions", search: index },
  } as const;
  open = await listen(await testServer(options), { port: 0 });
  locked = await listen(await testServer({ models: { emotions: model }, apiKeys: [KEY] }), { port: 0 });
});
afterAll(async () => {
  await open?.close();
  await locked?.close();
  await index?.close();
  await model?.dispose();
  rmSync(folder, { recursive: true });
});

const clients = join(import.meta.dirname, "../../.cache/clients/node_modules");
const without = existsSync(clients) ? "" : " (skipped: no clients; node tools/clients/install.mjs)";
const client = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(clients, path)).href);

describe.skipIf(without !== "")(`@huggingface/inference${without}`, () => {
  it("classifies an image, with a key", async () => {
    const { InferenceClient } = await client("@huggingface/inference/dist/esm/index.js");
    const hub = new InferenceClient(KEY, { endpointUrl: `${locked.url}/models/emotions` });
    const inputs = new Blob([new Uint8Array(photo)], { type: "image/jpeg" });
    // It sends the picture alone, and leaves parameters out.
    expect(await hub.imageClassification({ inputs })).toEqual(await model.classify(photo, { topK: 5 }));
  });

  it("shows the server's message where the picture is broken", async () => {
    const { InferenceClient } = await client("@huggingface/inference/dist/esm/index.js");
    const hub = new InferenceClient(KEY, { endpointUrl: `${locked.url}/models/emotions` });
    const inputs = new Blob([new Uint8Array(photo.subarray(0, 500))], { type: "image/jpeg" });
    await expect(hub.imageClassification({ inputs })).rejects.toThrow(/JPEG/);
  });
});

describe.skipIf(without !== "")(`openai${without}`, () => {
  const input = `data:image/jpeg;base64,${photo.toString("base64")}`;

  it("embeds data URIs, as base64 by its default and as numbers", async () => {
    const { default: OpenAI } = await client("openai/index.mjs");
    const openai = new OpenAI({ apiKey: KEY, baseURL: `${locked.url}/v1`, maxRetries: 0 });
    const vector = [...(await model.embed(photo))];
    const { data } = await openai.embeddings.create({ model: "emotions", input });
    expect(data[0].embedding).toEqual(vector);
    const floats = await openai.embeddings.create({
      model: "emotions",
      input: [input, input],
      encoding_format: "float",
    });
    expect(floats.data.map(({ embedding }: { embedding: number[] }) => embedding)).toEqual([vector, vector]);
  });

  it("knows the server's errors as its own", async () => {
    const { default: OpenAI } = await client("openai/index.mjs");
    const make = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${locked.url}/v1`, maxRetries: 0 });
    const wrongKey = make("another-key").embeddings.create({ model: "emotions", input });
    await expect(wrongKey).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(make(KEY).embeddings.create({ model: "none", input })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const broken = make(KEY).embeddings.create({ model: "emotions", input: "data:image/jpeg;base64,AAAA" });
    await expect(broken).rejects.toMatchObject({ status: 415, code: "image/unsupported-format" });
  });
});

const samples = [...readFileSync(packageFile("docs/server.md"), "utf8").matchAll(/^curl .*$/gm)].map(([line]) => line);
const curl = hasCurl() ? "" : " (skipped: no curl of 7.82 or newer)";

describe.skipIf(curl !== "")(`the samples of docs/server.md${curl}`, () => {
  it("are there for every dialect", () => {
    for (const path of [
      "/models/",
      "/smartclick",
      "/scaleflex",
      "/score",
      "/embed",
      "/predict",
      "/v2/",
      "/v1/",
      "/search",
    ])
      expect(samples.some((sample) => sample.includes(path))).toBe(true);
  });

  it.each(samples)("%s", async (sample) => {
    const command = sample
      .replace(/^curl /, 'curl -sS -w "\\n%{http_code}" ')
      .replace("http://localhost:8080", open.url);
    const { stdout } = await promisify(execFile)("bash", ["-c", command], { cwd: folder });
    expect(stdout).toMatch(/\n200$/);
    expect(stdout.length).toBeGreaterThan(10);
  });
});

/** `--json` came with curl 7.82. */
function hasCurl(): boolean {
  try {
    const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(execFileSync("curl", ["--version"], { encoding: "utf8" }))!;
    return Number(major) > 7 || Number(minor) >= 82;
  } catch {
    return false;
  }
}
