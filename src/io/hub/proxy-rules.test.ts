import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConnectProxy } from "./connect-proxy.testing.js";
import { getModel } from "./get-model.js";
import { TINY_MODEL, useHubRoom } from "./hub-room.testing.js";
import { proxyFor, proxyRules } from "./proxy-rules.js";

describe("proxyFor", () => {
  const proxies = { HTTPS_PROXY: "http://secure:1", http_proxy: "http://plain:2", HTTP_PROXY: "http://upper:3" };
  it.each([
    ["https://huggingface.co/x", {}, "secure:1"],
    ["http://hub.local/x", {}, "plain:2"],
    ["https://huggingface.co/x", { NO_PROXY: "huggingface.co" }, undefined],
    ["https://cdn.huggingface.co/x", { NO_PROXY: "localhost, .huggingface.co" }, undefined],
    ["https://cdn.huggingface.co/x", { NO_PROXY: "*.huggingface.co" }, undefined],
    ["https://nothuggingface.co/x", { NO_PROXY: "huggingface.co" }, "secure:1"],
    ["https://huggingface.co:8443/x", { NO_PROXY: "huggingface.co:443" }, "secure:1"],
    ["https://huggingface.co/x", { NO_PROXY: "huggingface.co:443" }, undefined],
    ["http://[::1]:80/x", { NO_PROXY: "[::1]" }, undefined],
    ["https://huggingface.co/x", { no_proxy: "*" }, undefined],
  ])("%s with %o goes through %s", (url, more, wanted) => {
    expect(proxyFor(new URL(url), proxyRules({ ...proxies, ...more }))?.host).toBe(wanted);
  });

  it("takes ALL_PROXY for what has none, and an address without a scheme", () => {
    expect(proxyFor(new URL("https://a/"), proxyRules({ ALL_PROXY: "http://all:1" }))?.host).toBe("all:1");
    expect(proxyFor(new URL("https://a/"), proxyRules({ HTTPS_PROXY: "proxy:3128" }))?.host).toBe("proxy:3128");
    expect(proxyFor(new URL("https://a/"), proxyRules({}))).toBeUndefined();
  });

  it("refuses SOCKS and what is no address, without repeating it", () => {
    for (const HTTPS_PROXY of ["socks5://user:password@host:1", "http://", "://"])
      try {
        proxyRules({ HTTPS_PROXY });
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: "download/setting", message: expect.not.stringContaining("password") });
      }
  });
});

describe("a download through a proxy", () => {
  const room = useHubRoom();
  let proxy: ConnectProxy;
  beforeEach(async () => {
    proxy = await ConnectProxy.start();
  });
  afterEach(() => proxy.stop());
  const throughProxy = () =>
    room.settings({
      HF_ENDPOINT: `http://hub.test:${new URL(room.hub.endpoint).port}`,
      HTTP_PROXY: `http://me:p%40ss@${proxy.host}`,
    });

  it("is a tunnel for the Hub and for the storage, with the proxy's login", async () => {
    room.hub.add("owner/tiny", TINY_MODEL);
    await getModel("owner/tiny", {}, throughProxy());
    const hosts = new Set(proxy.requests.map(({ to }) => to));
    const hub = `hub.test:${new URL(room.hub.endpoint).port}`;
    expect(hosts).toEqual(new Set([hub, new URL(room.hub.storageOrigin).host]));
    expect(proxy.requests[0]?.login).toBe(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });

  it("names the proxy, not its password, when it refuses or is not there", async () => {
    proxy.status = 407;
    const refused = await getModel("owner/tiny", {}, throughProxy()).catch((error) => error);
    expect(refused).toMatchObject({ code: "download/proxy", message: expect.stringContaining(proxy.host) });
    await proxy.stop();
    const failed = await getModel("owner/tiny", {}, throughProxy()).catch((error) => error);
    expect(failed.code).toBe("download/proxy");
    for (const error of [refused, failed])
      expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toMatch(/p%40ss|p@ss/);
  });
});
