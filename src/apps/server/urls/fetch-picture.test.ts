import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchPicture, PUBLIC_WEB, type Web } from "./fetch-picture.js";
import { isPublicAddress } from "./public-address.js";

const { signal } = new AbortController();

/** Each range's first and last address, and one out of its middle. */
const REFUSED = [
  ...["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.1.2.3", "10.255.255.255", "100.64.0.0", "100.127.255.255"],
  ...["127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0"],
  ...["172.31.255.255", "192.0.0.0", "192.0.0.255", "192.168.0.1", "192.168.255.255", "198.18.0.0", "198.19.255.255"],
  ...[
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:1.1.1.1",
    "::ffff:127.0.0.1",
  ],
  ...["64:ff9b::1.1.1.1", "64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002::", "fc00::1", "fdff::1"],
  ...["fe80::1", "febf::1", "fec0::1", "ff02::1", "ffff::1", "100::1", "5f00::1", "localhost", "", "1.2.3"],
];

describe("isPublicAddress", () => {
  it.each(REFUSED)("refuses %j", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"])(
    "allows its public neighbor %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each(["192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00::1"])(
    "allows %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

/** Where nothing may be asked and nothing be connected to. */
const sealed: Web = {
  ...PUBLIC_WEB,
  resolve: async (host) => {
    throw new Error(`asked for ${host}`);
  },
};

describe("refuses before a socket opens", () => {
  const literals = REFUSED.filter((address) => isIp(address)).map((address) =>
    address.includes(":") ? `http://[${address}]/` : `http://${address}/`,
  );
  it.each([
    ...literals,
    // An IPv4 address in its other spellings.
    ...[
      "http://2130706433/",
      "http://0177.0.0.1/",
      "http://0x7f.0.0.1/",
      "http://0x7f000001/",
      "http://127.1/",
      "http://0/",
    ],
    ...["http://127.0.0.1./", "http://①②⑦.0.0.1/", "http://127。0。0。1/"],
    ...[
      "http://user@1.1.1.1/",
      "http://user:word@1.1.1.1/",
      "http://1.1.1.1:22/",
      "http://1.1.1.1:8080/",
      "https://1.1.1.1:6379/",
    ],
    ...[
      "file:///etc/passwd",
      "ftp://1.1.1.1/",
      "gopher://1.1.1.1/",
      "data:image/png;base64,AA",
      "javascript:1",
      "http://",
      "nothing",
    ],
  ])("%s", async (url) => {
    await expect(fetchPicture(url, signal, sealed)).rejects.toMatchObject({ code: "server/url-refused" });
  });

  it.each([
    ["a private address", ["10.0.0.1"]],
    ["a private one among public ones", ["1.1.1.1", "127.0.0.1"]],
    ["a mapped one", ["::ffff:169.254.169.254"]],
  ])("a name that has %s", async (_, addresses) => {
    const web = { ...PUBLIC_WEB, resolve: async () => addresses };
    await expect(fetchPicture("http://pictures.test/a.jpg", signal, web)).rejects.toMatchObject({
      code: "server/url-refused",
    });
  });
});

function isIp(address: string): boolean {
  return /^[0-9.]+$/.test(address) ? address.split(".").length === 4 : address.includes(":");
}

describe("on a server", () => {
  let server: Server;
  let port: number;
  const seen: IncomingMessage[] = [];
  const routes: Record<string, (response: ServerResponse) => void> = {
    "/picture": (response) => response.end("picture"),
    "/many": (response) => response.end(Buffer.alloc(2_000)),
    "/endless": (response) => {
      const write = () => response.destroyed || response.write(Buffer.alloc(100), () => setImmediate(write));
      write();
    },
    "/drip": (response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
    },
    "/cut": (response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.destroy(), 10);
    },
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      const [, hops, target] = /^\/to\/(\d+)\/(.*)$/.exec(request.url!) ?? [];
      if (hops === undefined) return routes[request.url!]!(response);
      const location = Number(hops) > 1 ? `/to/${Number(hops) - 1}/${target}` : decodeURIComponent(target!);
      response.writeHead(302, { location }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A web in which only "good.test" is, at the server; its address counts as public. */
  const web = (changes: Partial<Web> = {}): Web => ({
    resolve: async (host) => (host === "good.test" ? ["127.0.0.1"] : ["10.0.0.1"]),
    isAllowed: (address) => address === "127.0.0.1",
    ports: [String(port)],
    timeoutMs: 500,
    maxBytes: 1_000,
    ...changes,
  });
  const get = (path: string, changes?: Partial<Web>) =>
    fetchPicture(`http://good.test:${port}${path}`, signal, web(changes));

  it("gives the bytes, and sends nothing of the client", async () => {
    seen.length = 0;
    expect(Buffer.from(await get("/picture")).toString()).toBe("picture");
    expect(Object.keys(seen[0]!.headers).sort()).toEqual([
      "accept",
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
    expect(seen[0]!.headers.host).toBe(`good.test:${port}`);
  });

  it("follows 3 redirects and no more", async () => {
    expect(Buffer.from(await get("/to/3/%2Fpicture")).toString()).toBe("picture");
    await expect(get("/to/4/%2Fpicture")).rejects.toMatchObject({ code: "server/url-refused" });
  });

  it.each([
    "http://bad.test/",
    "http://10.0.0.1/",
    "file:///etc/passwd",
    "http://u@good.test/",
    "http://good.test:22/",
  ])("checks a redirect to %s as any URL", async (target) => {
    await expect(get(`/to/1/${encodeURIComponent(target)}`)).rejects.toMatchObject({ code: "server/url-refused" });
  });

  it("connects to the address that it checked, though the name has another one a moment later", async () => {
    let asked = 0;
    const resolve = async () => (asked++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
    expect(Buffer.from(await get("/picture", { resolve })).toString()).toBe("picture");
    expect(asked).toBe(1);
    asked = 0;
    await expect(get("/to/1/%2Fpicture", { resolve })).rejects.toMatchObject({ code: "server/url-refused" });
  });

  it.each([
    ["a file over the limit", "/many", "server/too-large"],
    ["a file without end", "/endless", "server/too-large"],
    ["a slow drip", "/drip", "server/url-timeout"],
    ["a cut connection", "/cut", "server/url-failed"],
  ])("gives up on %s", async (_, path, code) => {
    const start = performance.now();
    await expect(get(path)).rejects.toMatchObject({ code });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it("says server/url-failed for a host that is not there or does not answer", async () => {
    const resolve = async () => {
      throw new Error("ENOTFOUND");
    };
    await expect(get("/picture", { resolve })).rejects.toMatchObject({ code: "server/url-failed" });
    await expect(get("/picture", { resolve: async () => [] })).rejects.toMatchObject({ code: "server/url-failed" });
    const closed = fetchPicture("http://good.test:1/", signal, web({ ports: ["1"] }));
    await expect(closed).rejects.toMatchObject({ code: "server/url-failed" });
  });

  it("stops when the client goes away", async () => {
    const gone = new AbortController();
    const fetching = fetchPicture(`http://good.test:${port}/drip`, gone.signal, web());
    setTimeout(() => gone.abort(new Error("left")), 30);
    await expect(fetching).rejects.toThrow("left");
  });
});
