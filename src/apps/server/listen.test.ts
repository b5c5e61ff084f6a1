import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { packageFile } from "../../tasks/package-file.js";
import type { VitrailServer } from "./create-server.js";
import { type Listening, listen } from "./listen.js";
import { testServer, withThreads } from "./server.testing.js";

const photo = readFileSync(packageFile("conformance/photos/hopper.jpg"));
const MAX_BODY = 700_000;
const TIMEOUT_MS = 700;

withThreads();
let listening: Listening;
beforeAll(async () => {
  const server = await testServer({
    models: { emotions: tinyModel("vit") },
    maxBodyBytes: MAX_BODY,
    bodyTimeoutMs: TIMEOUT_MS,
  });
  listening = await listen(server, { port: 0, headersTimeoutMs: TIMEOUT_MS });
});
afterAll(() => listening?.close());

const post = (path: string, body: Uint8Array) =>
  fetch(`${listening.url}${path}`, {
    method: "POST",
    body: new Uint8Array(body),
    headers: { "content-type": "image/jpeg" },
  });

/** Writes parts to a bare socket, with pauses, and gives all that comes back until it is closed. */
function overSocket(
  parts: (string | Uint8Array)[],
  pauseMs = 0,
  mostMs = 4_000,
): Promise<{ text: string; ms: number }> {
  const { hostname, port } = new URL(listening.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const begin = performance.now();
    let text = "";
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, ms: performance.now() - begin });
    };
    const timer = setTimeout(end, mostMs);
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("close", end);
    socket.on("error", end);
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        if (pauseMs > 0) await new Promise((next) => setTimeout(next, pauseMs));
      }
    })();
  });
}
const statusOf = (text: string) => Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
const head = (headers: string[]) =>
  `POST /models/emotions HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n${headers.join("\r\n")}\r\n\r\n`;

it("answers over Node's HTTP", async () => {
  const response = await post("/models/emotions", photo);
  expect([response.status, (await response.json()).length]).toEqual([200, 5]);
});

describe("slow clients", () => {
  it("closes 200 sockets that send a header's bytes one by one, with 408, within the time and 1 s, while others are answered", async () => {
    const letters = [
      ..."POST /models/emotions HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    const slow = Array.from({ length: 200 }, () => overSocket(letters, 50));
    const begin = performance.now();
    for (let i = 0; i < 5; i++) expect((await post("/models/emotions", photo)).status).toBe(200);
    expect(performance.now() - begin).toBeLessThan(2_000);
    for (const { text, ms } of await Promise.all(slow)) {
      expect(statusOf(text)).toBe(408);
      expect(ms).toBeLessThan(TIMEOUT_MS + 1_000);
    }
  });

  it("closes 50 sockets that send a body's bytes one by one, with 408, within the time and 1 s", async () => {
    const slow = Array.from({ length: 50 }, () =>
      overSocket([head(["Content-Length: 1000"]), ...Array.from({ length: 60 }, () => "x")], 50),
    );
    for (const { text, ms } of await Promise.all(slow)) {
      expect(statusOf(text)).toBe(408);
      expect(ms).toBeLessThan(TIMEOUT_MS + 1_000);
    }
  });
});

describe("bodies that lie", () => {
  it("waits for a body that is shorter than said no longer than the time", async () => {
    const { text, ms } = await overSocket([head(["Content-Length: 1000"]), "short"]);
    expect([statusOf(text), ms < TIMEOUT_MS + 1_000]).toEqual([408, true]);
  });

  it("refuses a length over the limit before the body comes", async () => {
    const { text, ms } = await overSocket([head([`Content-Length: ${MAX_BODY + 1}`])], 0, 300);
    expect([statusOf(text), ms < 500]).toEqual([413, true]);
  });

  it("refuses chunks that go over the limit, and does not read on without end", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const { text } = await overSocket(
      [head(["Transfer-Encoding: chunked"]), ...Array.from({ length: 200 }, () => chunk)],
      1,
    );
    expect(statusOf(text)).toBe(413);
  });

  it("refuses a body that is compressed, two lengths, and a header of 1 MB", async () => {
    const gzip = await overSocket([head(["Content-Length: 1", "Content-Encoding: gzip"]), "x"], 0, 300);
    expect(statusOf(gzip.text)).toBe(415);
    const both = await overSocket([head(["Content-Length: 1", "Transfer-Encoding: chunked"]), "0\r\n\r\n"], 0, 300);
    expect(statusOf(both.text)).toBe(400);
    const large = await overSocket([`GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${"x".repeat(1 << 20)}\r\n\r\n`]);
    expect(statusOf(large.text)).toBe(431);
  });

  it("answers a form of 10,000 parts within 2 s", async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n';
    const begin = performance.now();
    const response = await fetch(`${listening.url}/models/emotions`, {
      method: "POST",
      body: `${part.repeat(10_000)}--b--\r\n`,
      headers: { "content-type": "multipart/form-data; boundary=b" },
    });
    expect([response.status, performance.now() - begin < 2_000]).toEqual([400, true]);
  });

  it("keeps the connection after each refusal that read the body", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    const send = (body: Buffer) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(
          `${listening.url}/models/emotions`,
          { method: "POST", agent, headers: { "content-type": "image/jpeg" } },
          (response) => {
            response.resume().on("end", () => resolve(response.statusCode!));
          },
        );
        sent.on("socket", (socket) => sockets.add(socket)).on("error", reject);
        sent.end(body);
      });
    for (let i = 0; i < 3; i++) {
      expect(await send(Buffer.from("GIF89a"))).toBe(415);
      expect(await send(photo)).toBe(200);
    }
    expect(sockets.size).toBe(1);
    agent.destroy();
  });
});

describe("while models load", () => {
  const slowServer = () => {
    let made: (server: VitrailServer) => void = () => {};
    let failed: (error: Error) => void = () => {};
    const loading = new Promise<VitrailServer>((resolve, reject) => {
      made = resolve;
      failed = reject;
    });
    return { loading, made, failed };
  };

  it("lives, is not ready, and asks to come again in the words of each dialect; then answers", async () => {
    const { loading, made } = slowServer();
    const { url, ready, close } = await listen(loading, { port: 0 });
    const ask = async (path: string, init?: RequestInit) => {
      const response = await fetch(url + path, init);
      return [response.status, await response.json()];
    };
    expect(await ask("/health/live")).toEqual([200, { status: "live" }]);
    expect(await ask("/v2/health/live")).toEqual([200, { live: true }]);
    expect(await ask("/health/ready")).toEqual([503, { status: "starting" }]);
    expect(await ask("/v2/health/ready")).toEqual([503, { ready: false }]);
    const early = await fetch(`${url}/embed`, { method: "POST", body: new Uint8Array(photo) });
    expect([early.status, early.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await early.json()).toMatchObject({ error_type: "Unhealthy" });
    made(await testServer({ models: { emotions: tinyModel("vit") } }));
    await ready;
    expect(await ask("/health/ready")).toEqual([200, { status: "ready" }]);
    const init = { method: "POST", body: new Uint8Array(photo), headers: { "content-type": "image/jpeg" } };
    expect((await fetch(`${url}/models/emotions`, init)).status).toBe(200);
    await close();
  });

  it("gives the port back when they can't be loaded, and says why", async () => {
    const { loading, failed } = slowServer();
    const { url, ready, close } = await listen(loading, { port: 0 });
    failed(new Error("no such model"));
    await expect(ready).rejects.toThrow("no such model");
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    await close();
  });
});
