import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../../tasks/load-model.js";
import { tinyModel } from "../../../tasks/model-folder.testing.js";
import type { VisionModel } from "../../../tasks/vision-model.js";
import type { VitrailServer } from "../create-server.js";
import { testServer, withThreads } from "../server.testing.js";

withThreads();
let server: VitrailServer;
let model: VisionModel;
beforeAll(async () => {
  model = await loadModel(tinyModel("vit"));
  server = await testServer({ models: { model } });
});
afterAll(async () => {
  await server?.close();
  await model?.dispose();
});
const get = (path: string) => server.fetch(new Request(`http://localhost${path}`));

describe("/openapi.json", () => {
  it("describes every route of the contract", async () => {
    const { openapi, paths } = await (await get("/openapi.json")).json();
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        ...["/models/{name}", "/smartclick", "/scaleflex", "/score", "/embed", "/predict", "/v1/embeddings"],
        ...["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/{name}", "/v2/models/{name}/infer"],
        ...["/health/live", "/health/ready", "/metrics"],
      ]),
    );
  });

  it("gives each operation its own id, its body's and answer's schema, and its path's parameters", async () => {
    const { paths } = await (await get("/openapi.json")).json();
    const operations = Object.entries<Record<string, Record<string, unknown>>>(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation }) as Record<string, unknown>),
    );
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, parameters = [], responses } of operations) {
      const inPath = (parameters as { name: string; in: string }[]).filter((one) => one.in === "path");
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(String(path).match(/\{\w+\}/g) ?? []);
      expect(Object.keys(responses as object)).toEqual(["200", "default"]);
    }
    const { requestBody } = paths["/models/{name}"].post;
    expect(requestBody.content["application/json"].schema).toMatchObject({
      type: "object",
      properties: { inputs: { type: "string", minLength: 1 } },
      required: ["inputs"],
    });
    expect(Object.keys(requestBody.content)).toContain("image/*");
  });

  it("is answered from the routes that are there: each path of it is no 404", async () => {
    const { paths } = await (await get("/openapi.json")).json();
    for (const path of Object.keys(paths))
      for (const method of Object.keys(paths[path])) {
        const url = `http://localhost${path.replace("{name}", "model").replace("{version}", "1")}`;
        const response = await server.fetch(new Request(url, { method: method.toUpperCase() }));
        expect([path, response.status]).not.toEqual([path, 404]);
      }
  });
});

describe("/", () => {
  it("is a page that loads nothing from elsewhere and lets no script run but its own", async () => {
    const response = await get("/");
    const html = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(html).not.toMatch(/ on\w+="/);
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    const script = /<script>([\s\S]*)<\/script>/.exec(html)![1]!;
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script)));
    expect(policy).toContain(`script-src 'sha256-${digest.toString("base64")}'`);
  });

  it("has a part for what the server tells, and none for what it does not", async () => {
    const html = await (await get("/")).text();
    expect(html).toContain('id="labels"');
    expect(html).not.toContain('id="faces"');
    expect(html).not.toContain('id="neighbors"');
  });
});
