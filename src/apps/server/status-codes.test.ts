import { readFileSync } from "node:fs";
import { createServer as createNodeServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FaceAnalyzer } from "../../tasks/faces/face-analyzer.js";
import { loadModel } from "../../tasks/load-model.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { packageFile } from "../../tasks/package-file.js";
import type { VitrailServer } from "./create-server.js";
import { testServer, withThreads } from "./server.testing.js";
import { PUBLIC_WEB } from "./urls/fetch-picture.js";

const photo = readFileSync(packageFile("conformance/photos/hopper.jpg"));
const corpus = (name: string) => readFileSync(packageFile(`conformance/corpus/images/${name}`));
const faces = { attributes: { emotion: tinyModel("vit") }, detector: { model: "short" } } as const;
const models = { emotions: tinyModel("vit"), encoder: tinyModel("vit-bare") };
const MAX_BODY = 600_000;
const DEADLINE_MS = 1_000;

withThreads();
let server: VitrailServer;
let upstream: Server;
let upstreamUrl: string;

beforeAll(async () => {
  // A host that answers as its path says: a status, or never.
  upstream = createNodeServer((request, response) => {
    if (request.url !== "/never") response.writeHead(Number(request.url!.slice(1))).end();
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  upstreamUrl = `http://127.0.0.1:${port}`;
  const web = { ...PUBLIC_WEB, isAllowed: () => true, ports: [String(port)], timeoutMs: 300 };
  const limits = { maxBodyBytes: MAX_BODY, bodyTimeoutMs: 300, maxPixels: 300_000, deadlineMs: DEADLINE_MS };
  server = await testServer({ models, faces, urls: "public", ...limits }, web);
});
afterAll(async () => {
  await server?.close();
  upstream?.closeAllConnections();
  upstream?.close();
});

interface Sent {
  path?: string;
  method?: string;
  body?: BodyInit;
  type?: string;
  headers?: Record<string, string>;
  to?: VitrailServer;
}

function send({ path = "/smartclick", method = "POST", body, type = "image/jpeg", headers = {}, to = server }: Sent) {
  return to.fetch(
    new Request(`http://localhost${path}`, {
      method,
      headers: { "content-type": type, ...headers },
      ...(body !== undefined && { body, duplex: "half" }),
    } as RequestInit),
  );
}

async function refusal(sent: Sent): Promise<{ status: number; code: string }> {
  const response = await send(sent);
  const { error } = await response.json();
  expect(Object.keys(error).sort()).toEqual(["code", "message", "request_id"]);
  expect(error.request_id).toBe(response.headers.get("x-request-id"));
  expect(error.message).not.toMatch(/\/(tmp|home|usr|work|root)\/|\n\s+at |node_modules/);
  return { status: response.status, code: error.code };
}

/** A body that sends its first byte and then nothing. */
const stuck = () => new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0xff])) });

describe("SmartClick's ten codes", () => {
  const json = (value: unknown): Sent => ({ body: JSON.stringify(value), type: "application/json" });

  it.each<[number, string, string, Sent]>([
    [400, "server/bad-request", "broken JSON", { body: "{", type: "application/json" }],
    [400, "server/bad-request", "broken base64", json({ image: "no base64!" })],
    [400, "server/bad-request", "a broken form", { body: "x", type: "multipart/form-data; boundary=b" }],
    [400, "image/empty", "an empty picture", { body: new Uint8Array(0) }],
    [404, "server/not-found", "an unknown route", { path: "/smartclick/v2", body: new Uint8Array(photo) }],
    [408, "server/body-timeout", "a body that does not come", { body: stuck() }],
    [415, "image/unsupported-format", "a GIF", { body: new Uint8Array(corpus("gif_plain.gif")), type: "image/gif" }],
    [415, "server/media-type", "a wrong type", { body: "text", type: "text/plain" }],
    [415, "server/media-type", "a compressed body", { body: "x", headers: { "content-encoding": "gzip" } }],
    [422, "image/truncated", "a cut picture", { body: new Uint8Array(photo.subarray(0, 2_000)) }],
    [422, "server/parameter", "a wrong field", json({ picture: "" })],
    [422, "server/parameter", "a number for a picture", json({ image: 1 })],
  ])("answers %i %s for %s", async (status, code, _, sent) => {
    expect(await refusal(sent)).toEqual({ status, code });
  });

  it("answers 500 for a failure that nobody foresaw, and tells nothing of it", async () => {
    const analyzer: FaceAnalyzer = Object.assign(Object.create(FaceAnalyzer.prototype), {
      // biome-ignore lint/correctness/useYield: fails before it could
      async *analyzeAll() {
        throw new TypeError("undefined is not a function at /home/user/secret.js");
      },
    });
    await using broken = await testServer({ faces: analyzer });
    expect(await refusal({ body: new Uint8Array(photo), to: broken })).toEqual({
      status: 500,
      code: "server/internal",
    });
  });

  it("answers 501 where faces or their emotions are not looked for", async () => {
    const model = await loadModel(tinyModel("vit"));
    await using without = await testServer({ models: { model } });
    expect(await refusal({ body: new Uint8Array(photo), to: without })).toEqual({
      status: 501,
      code: "server/not-implemented",
    });
    await model.dispose();
  });

  it.each<[number, string, string]>([
    [502, "server/url-failed", "/404"],
    [502, "server/url-failed", "/500"],
    [504, "server/url-timeout", "/never"],
  ])("answers %i %s for a URL whose host does %s", async (status, code, path) => {
    expect(await refusal(json({ url: upstreamUrl + path }))).toEqual({ status, code });
  });

  it("answers 503 with Retry-After when the queue is full, and 504 when the deadline is over", async () => {
    let release = () => {};
    const analyzer: FaceAnalyzer = Object.assign(Object.create(FaceAnalyzer.prototype), {
      async *analyzeAll(images: unknown[]) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        for (const index of images.keys()) yield { index, result: { width: 1, height: 1, faces: [] } };
      },
    });
    await using busy = await testServer({ faces: analyzer, queue: 1, deadlineMs: DEADLINE_MS });
    const first = refusal({ body: new Uint8Array(photo), to: busy });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await send({ body: new Uint8Array(photo), to: busy });
    expect([second.status, (await second.json()).error.code]).toEqual([503, "server/overloaded"]);
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await first).toEqual({ status: 504, code: "server/deadline" });
    release();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await send({ path: "/metrics", method: "GET", to: busy })).status).toBe(200);
    expect(await (await send({ path: "/metrics", method: "GET", to: busy })).text()).toContain(
      'vitrail_rejected_total{reason="overloaded"} 1',
    );
  });
});

describe("the other codes", () => {
  it("answers 401 without a key or with a wrong one, 200 with one of several", async () => {
    const model = await loadModel(tinyModel("vit"));
    const apiKeys = ["first-key-1", "second-key-2"];
    await using locked = await testServer({ models: { model }, apiKeys });
    const at = (headers: Record<string, string>) =>
      send({ path: "/models/model", body: new Uint8Array(photo), headers, to: locked }).then(({ status }) => status);
    const wrong = ["first-key", "first-key-1x", "FIRST-KEY-1", "ключ-ключ".normalize(), "x".repeat(1_000_000)];
    for (const key of wrong) {
      const header = Buffer.from(key).toString("latin1");
      expect(await at({ "x-api-key": header })).toBe(401);
      expect(await at({ authorization: `Bearer ${header}` })).toBe(401);
    }
    expect(await at({})).toBe(401);
    for (const key of apiKeys) {
      expect(await at({ "x-api-key": key })).toBe(200);
      expect(await at({ authorization: `Bearer ${key}` })).toBe(200);
    }
    const open = ["/", "/health/live", "/health/ready", "/v2/health/live"];
    for (const path of open) expect((await send({ path, method: "GET", to: locked })).status).toBe(200);
    for (const path of ["/metrics", "/openapi.json", "/v2"])
      expect((await send({ path, method: "GET", to: locked })).status).toBe(401);
    await model.dispose();
  });

  it("answers 405 with Allow for a wrong method", async () => {
    const response = await send({ method: "PUT", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await send({ path: "/metrics", body: "x" })).headers.get("allow")).toBe("GET");
  });

  it("answers 413 for one byte too much, declared or not, and takes the very limit", async () => {
    // What follows the end of a JPEG is not looked at.
    const full = new Uint8Array(MAX_BODY);
    full.set(photo);
    const over = new Uint8Array(MAX_BODY + 1);
    over.set(photo);
    expect((await send({ body: full })).status).toBe(200);
    expect(await refusal({ body: over })).toEqual({ status: 413, code: "server/too-large" });
    expect(await refusal({ body: new Blob([over]).stream() })).toEqual({ status: 413, code: "server/too-large" });
    expect(await refusal({ body: "x", headers: { "content-length": String(MAX_BODY + 1) } })).toEqual({
      status: 413,
      code: "server/too-large",
    });
  });

  it("answers 413 for a picture of too many pixels, and for more pictures than ever fit", async () => {
    expect(await refusal({ body: new Uint8Array(corpus("bomb_png_max.png")), type: "image/png" })).toEqual({
      status: 413,
      code: "image/too-large",
    });
    const data = Array.from({ length: 65 }, () => "AAAA");
    const body = JSON.stringify({ input_data: { columns: ["image"], data } });
    expect(await refusal({ path: "/score", body, type: "application/json" })).toEqual({
      status: 413,
      code: "server/too-many-pictures",
    });
  });

  it("answers 414 for a URL that is too long", async () => {
    expect(await refusal({ path: `/smartclick?${"x".repeat(9_000)}`, body: "x" })).toEqual({
      status: 414,
      code: "server/url-too-long",
    });
  });

  it("answers 429 with Retry-After when a key's requests are used up", async () => {
    const model = await loadModel(tinyModel("vit"));
    await using limited = await testServer({ models: { model }, requestsPerMinute: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const response = await send({ path: "/score", body: new Uint8Array(photo), to: limited });
      statuses.push(response.status);
      if (response.status === 429) expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await model.dispose();
  });

  it("answers 422 for a URL where they are off", async () => {
    const model = await loadModel(tinyModel("vit"));
    await using offline = await testServer({ models: { model } });
    const response = await send({
      path: "/models/model",
      body: JSON.stringify({ inputs: "https://example.org/face.jpg" }),
      type: "application/json",
      to: offline,
    });
    expect(response.status).toBe(422);
    await model.dispose();
  });

  it("answers the same 404 for every name that is no model", async () => {
    const names = [
      "nothing",
      "..%2f..%2fetc%2fpasswd",
      "a%5cb",
      "CON",
      "x".repeat(300),
      "%E2%80%A4%E2%80%A4",
      "a%00b",
      "__proto__",
    ];
    const bodies = new Set<string>();
    for (const name of names) {
      const response = await send({ path: `/models/${name}`, body: new Uint8Array(photo) });
      expect([name, response.status]).toEqual([name, 404]);
      bodies.add(await response.text());
    }
    expect(bodies.size).toBe(1);
  });

  it("answers 501 for labels of an encoder", async () => {
    expect((await send({ path: "/models/encoder", body: new Uint8Array(photo) })).status).toBe(501);
  });
});

describe("each dialect's own errors", () => {
  const body = "{";
  const type = "application/json";
  it.each<[string, unknown]>([
    ["/models/emotions", { error: "The body is no JSON in UTF-8." }],
    ["/embed", { error: "The body is no JSON in UTF-8.", error_type: "Validation" }],
    ["/v2/models/emotions/infer", { error: "The body is no JSON in UTF-8." }],
    [
      "/v1/embeddings",
      {
        error: {
          message: "The body is no JSON in UTF-8.",
          type: "invalid_request_error",
          param: null,
          code: "server/bad-request",
        },
      },
    ],
    [
      "/scaleflex",
      { status: "error", request_uuid: "id-1", code: "server/bad-request", msg: "The body is no JSON in UTF-8." },
    ],
    ["/score", { error: { code: "server/bad-request", message: "The body is no JSON in UTF-8.", request_id: "id-1" } }],
  ])("answers broken JSON at %s in its shape", async (path, wanted) => {
    const response = await send({ path, body, type, headers: { "x-request-id": "id-1" } });
    expect([response.status, await response.json()]).toEqual([400, wanted]);
  });
});

it("keeps a client's request id only if logs can carry it", async () => {
  const idOf = async (given: string) =>
    (await send({ path: "/health/live", method: "GET", headers: { "x-request-id": given } })).headers.get(
      "x-request-id",
    );
  expect(await idOf("abc_DEF-123")).toBe("abc_DEF-123");
  for (const bad of ["a b", "a;b", "x".repeat(65), "\u00e9"]) expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
});
