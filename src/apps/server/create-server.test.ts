import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../tasks/load-model.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { packageFile } from "../../tasks/package-file.js";
import { openIndex } from "../../tasks/search/open-index.js";
import { jsonLog } from "./http/json-log.js";
import { testServer, withThreads } from "./server.testing.js";
import type { ServerOptions } from "./server-options.js";

const photo = readFileSync(packageFile("conformance/photos/hopper.jpg"));
const post = (path: string, headers: Record<string, string> = {}) =>
  new Request(`http://localhost${path}`, {
    method: "POST",
    body: new Uint8Array(photo),
    headers: { "content-type": "image/jpeg", ...headers },
  });

withThreads();

describe("createServer", () => {
  it.each<[string, unknown]>([
    ["nothing to serve", {}],
    ["an unknown option", { models: { a: "x" }, port: 80 }],
    ["a model's name with a slash too many", { models: { "a/b/c": "x" } }],
    ["a model's name that climbs", { models: { "../a": "x" } }],
    ["a model that is none", { models: { a: 7 } }],
    ["a short key", { models: { a: "x" }, apiKeys: ["short"] }],
    ["a queue of none", { models: { a: "x" }, queue: 0 }],
    ["an index of a model that is not served", { models: { a: "x" }, index: { model: "b", search: { search() {} } } }],
    ["another choice for URLs", { models: { a: "x" }, urls: "all" }],
    ["a public URL that is none", { models: { a: "x" }, publicUrl: "example.org" }],
  ])("refuses %s", async (_, options) => {
    await expect(testServer(options as ServerOptions)).rejects.toMatchObject({ code: "input/option" });
  });

  it("throws what loading throws, as the same class, and leaves nothing behind", async () => {
    await expect(testServer({ models: { a: "/no/such/folder" } })).rejects.toMatchObject({
      name: "InputError",
      code: "input/not-found",
    });
  });

  it("mounts in another app", async () => {
    const model = await loadModel(tinyModel("vit"));
    await using server = await testServer({ models: { model } });
    const app = new Hono();
    app.mount("/vision", server.fetch);
    const response = await app.fetch(post("/vision/models/model"));
    expect([response.status, await response.json()]).toEqual([200, await model.classify(photo, { topK: 5 })]);
    await model.dispose();
  });

  it("serves several models at once, each with its own answers", async () => {
    await using server = await testServer({ models: { a: tinyModel("vit"), "owner/b": tinyModel("vit-deep") } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const response = await server.fetch(post(i % 2 === 0 ? "/models/a" : "/models/owner/b"));
        return JSON.stringify(await response.json());
      }),
    );
    for (const [i, name] of ["vit", "vit-deep"].entries()) {
      await using model = await loadModel(tinyModel(name));
      const wanted = JSON.stringify(await model.classify(photo, { topK: 5 }));
      expect(answers.filter((_, k) => k % 2 === i).every((answer) => answer === wanted)).toBe(true);
    }
  });

  it("finds the pictures of an index that are most like one", async () => {
    const model = await loadModel(tinyModel("vit"));
    const folder = mkdtempSync(join(tmpdir(), "vitrail-server-"));
    const search = await openIndex(folder);
    const names = ["hopper.jpg", "coffee.png", "rocket.jpg"];
    const pictures = names.map((name) => readFileSync(packageFile(`conformance/photos/${name}`)));
    const vectors = await model.embed(pictures);
    await search.add(names.map((id, i) => ({ id, vector: vectors[i]!, metadata: { place: i } })));
    await using server = await testServer({ models: { model }, index: { model: "model", search } });
    const hits = await (await server.fetch(post("/search?top_k=2"))).json();
    expect(hits).toEqual(await search.search(vectors[0]!, { topK: 2 }));
    expect(hits[0]).toMatchObject({ id: "hopper.jpg", metadata: { place: 0 } });
    await search.close();
    rmSync(folder, { recursive: true });
    await model.dispose();
  });

  it("answers what it has begun while it closes, refuses the rest, and says so at /health/ready", async () => {
    const server = await testServer({ models: { a: tinyModel("vit") } });
    const ready = async () => (await server.fetch(new Request("http://localhost/health/ready"))).status;
    expect(await ready()).toBe(200);
    const begun = Array.from({ length: 20 }, () => server.fetch(post("/models/a")));
    const closing = server.close();
    expect(await ready()).toBe(503);
    expect((await server.fetch(new Request("http://localhost/health"))).status).toBe(503);
    const tei = await server.fetch(post("/embed"));
    expect([tei.status, (await tei.json()).error_type]).toEqual([503, "Unhealthy"]);
    const late = await server.fetch(post("/models/a"));
    expect([late.status, late.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await server.fetch(new Request("http://localhost/health/live"))).status).toBe(200);
    expect((await Promise.all(begun)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    await closing;
    await server.close();
  });

  it("logs one line a request, without keys and with the request's id", async () => {
    const lines: string[] = [];
    const apiKeys = ["a-secret-key"];
    const log = jsonLog((line) => lines.push(line));
    await using server = await testServer({ models: { a: tinyModel("vit") }, apiKeys, log });
    await server.fetch(post("/models/a?x=1", { "x-api-key": apiKeys[0]!, "x-request-id": "r-1" }));
    await server.fetch(post("/models/a", { authorization: "Bearer another-secret" }));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 30, requestId: "r-1", method: "POST", path: "/models/a", route: "/models/{name}", status: 200 },
      { level: 30, status: 401, code: "server/unauthorized" },
    ]);
    expect(lines.join()).not.toMatch(/secret/);
  });

  it("is not changed by __proto__ and constructor in what comes in", async () => {
    await using server = await testServer({ models: { a: tinyModel("vit") } });
    const inputs = `"inputs":"${photo.toString("base64")}"`;
    for (const poison of ['"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}']) {
      const body = `{${inputs},${poison},"parameters":{${poison},"top_k":1}}`;
      const request = new Request("http://localhost/models/a?__proto__[polluted]=1", {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      expect((await server.fetch(request)).status).toBe(200);
    }
    const form = new FormData();
    form.append("__proto__", "polluted");
    form.append("image", new Blob([new Uint8Array(photo)]), "__proto__");
    expect((await server.fetch(new Request("http://localhost/models/a", { method: "POST", body: form }))).status).toBe(
      200,
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
