import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConnectProxy } from "./connect-proxy.testing.js";
import { FakeHub } from "./fake-hub.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL } from "./hub-room.testing.js";
import { hubSettings } from "./hub-settings.js";

/** A certificate for 127.0.0.1 that no one trusts; nothing where there is no openssl. */
const tls = (() => {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const making = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    key,
    "-out",
    cert,
    ...names,
  ];
  const { status } = spawnSync("openssl", making);
  const made = status === 0 ? { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } : undefined;
  rmSync(folder, { recursive: true });
  return made;
})();

describe.skipIf(!tls)(`a Hub behind https${tls ? "" : " (left out: no openssl here)"}`, () => {
  let hub: FakeHub;
  let proxy: ConnectProxy;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "vitrail-hub-"));
    [hub, proxy] = await Promise.all([FakeHub.start(tls), ConnectProxy.start()]);
    hub.add("owner/tiny", TINY_MODEL);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all([hub.stop(), proxy.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const get = (environment = {}) => {
    const settings = hubSettings(undefined, { HF_ENDPOINT: hub.endpoint, HF_HOME: folder, ...environment });
    return getModel("owner/tiny", { token: "hf_secret" }, { ...settings, retryDelayMs: 2 });
  };

  it("with a certificate that is not trusted gets no request, and the error says how to trust it", async () => {
    for (const environment of [{}, { HTTPS_PROXY: `http://${proxy.host}` }])
      await expect(get(environment)).rejects.toMatchObject({
        code: "download/certificate",
        message: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
      });
    expect(hub.seen).toEqual([]);
    expect(proxy.requests).toHaveLength(1); // trying again would not help
  });

  it("is reached through the proxy's tunnel, which sees hosts and nothing else", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    await get({ HTTPS_PROXY: `http://${proxy.host}` });
    const hosts = new Set(proxy.requests.map(({ to }) => to));
    expect(hosts).toEqual(new Set([hub.endpoint, hub.storageOrigin].map((origin) => new URL(origin).host)));
    expect(hub.seen[0]?.headers.authorization).toBe("Bearer hf_secret");
  });

  it("is not followed to where anyone could listen", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    hub.fault = (_request, response) => {
      response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
      return true;
    };
    await expect(get()).rejects.toMatchObject({ code: "download/redirect", message: expect.stringContaining("https") });
    expect(readdirSync(folder)).toEqual([]);
  });
});
