import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { Client } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

/** What the server takes by default, in bytes. */
const LIMIT_MB = 20;
const LIMIT = LIMIT_MB * 2 ** 20;
/** How much more than the limit a body may cost, in megabytes. */
const BESIDE_MB = 32;
/** JSON is there four times before V8 collects it: as bytes, as text, as the strings in it, and as the picture in those. */
const JSON_COPIES = 4;

interface OddBody {
  name: string;
  wanted: readonly number[];
  /** The request as it goes over the wire. */
  bytes: Buffer;
}

/** S9: bodies at, over and lying about the limit, one after the other, each with its code and with what it costs in resident memory at most. */
export async function oddBodies(build: SoakBuild, { rounds }: { rounds: number }): Promise<Findings> {
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`]);
  const client = new Client(server.url, 1);
  try {
    const good = () => client.send({ path: "/models/m", body: photo });
    const { body: right } = await good();
    for (let i = 0; i < 100; i++) await good();
    const otherCodes = new Set<string>();
    let goodChanged = 0;
    const growthMb = { JSON: 0, others: 0 };
    let largest = "";
    for (let round = 0; round < rounds; round++)
      for (const { name, wanted, bytes } of oddRequests()) {
        await until(100);
        const before = server.residentMb();
        server.forgetPeak();
        const status = await sendRaw(server.url, bytes);
        if (!wanted.includes(status)) otherCodes.add(`${name} ${status}`);
        const growth = server.peakMb() - before;
        const kind = name.startsWith("JSON") ? "JSON" : "others";
        if (kind === "others" && growth > growthMb.others) largest = name;
        growthMb[kind] = Math.max(growthMb[kind], growth);
        const answer = await good();
        if (answer.status !== 200 || answer.body !== right) goodChanged++;
      }
    return {
      id: "S9",
      title: `Bodies at, over and lying about the limit of ${LIMIT_MB} MiB, ${rounds} times`,
      figures: [
        bound(`bodies with another code than theirs ${[...otherCodes].join(", ")}`.trim(), otherCodes.size, "=", 0),
        bound("good pictures that were answered differently afterwards", goodChanged, "=", 0),
        bound(`memory that a body takes at most (${largest})`, growthMb.others, "<=", LIMIT_MB + BESIDE_MB, "MB"),
        bound("memory that JSON takes at most", growthMb.JSON, "<=", JSON_COPIES * LIMIT_MB + BESIDE_MB, "MB"),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}

function* oddRequests(): Generator<OddBody> {
  // What follows the end of a JPEG is not looked at.
  const full = Buffer.alloc(LIMIT);
  full.set(photo);
  const over = Buffer.concat([full, Buffer.alloc(1)]);
  yield { name: "the very limit", wanted: [200], bytes: withLength(full) };
  yield { name: "the very limit in chunks", wanted: [200], bytes: chunked(full) };
  yield { name: "a byte more", wanted: [413], bytes: withLength(over) };
  yield { name: "a byte more in chunks", wanted: [413], bytes: chunked(over) };
  yield { name: "ten times the limit in chunks", wanted: [413], bytes: chunked(Buffer.alloc(10 * LIMIT)) };
  yield { name: "a length far too small", wanted: [400, 422], bytes: withLength(photo, { length: 100 }) };
  yield { name: "a length that is none", wanted: [400], bytes: head({ "content-length": "1e9" }) };
  yield { name: "two lengths", wanted: [400], bytes: head({ "content-length": "3\r\nContent-Length: 5" }) };
  const bomb = gzipSync(Buffer.alloc(LIMIT));
  yield { name: "a gzip bomb", wanted: [415], bytes: withLength(bomb, { headers: { "content-encoding": "gzip" } }) };
  const type = "multipart/form-data; boundary=b";
  const part = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n';
  const parts = Buffer.from(`${part.repeat(10_000)}--b--\r\n`);
  yield { name: "10,000 parts", wanted: [400], bytes: withLength(parts, { headers: { "content-type": type } }) };
  const largeForm = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="x"; filename="x.jpg"\r\n\r\n'),
    full.subarray(0, LIMIT - 200),
    Buffer.from("\r\n--b--\r\n"),
  ]);
  yield {
    name: "a form near the limit",
    wanted: [200],
    bytes: withLength(largeForm, { headers: { "content-type": type } }),
  };
  const json = Buffer.from(`{"inputs":"${full.subarray(0, (LIMIT / 4) * 3 - 30).toString("base64")}"}`);
  const isJson = { "content-type": "application/json" };
  yield { name: "JSON near the limit", wanted: [200], bytes: withLength(json, { headers: isJson }) };
  const deep = Buffer.from("[".repeat(LIMIT - 1));
  yield { name: "JSON of brackets", wanted: [400], bytes: withLength(deep, { headers: isJson }) };
  yield { name: "a header of 1 MB", wanted: [431], bytes: head({ "x-large": "x".repeat(1e6), "content-length": "0" }) };
}

function head(headers: Record<string, string>): Buffer {
  const all = { host: "a", "content-type": "image/jpeg", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST /models/m HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
}

function withLength(
  body: Uint8Array,
  { length = body.length, headers = {} }: { length?: number; headers?: Record<string, string> } = {},
): Buffer {
  return Buffer.concat([head({ "content-length": String(length), ...headers }), body]);
}

function chunked(body: Uint8Array): Buffer {
  const size = 65_536;
  const parts: Uint8Array[] = [head({ "transfer-encoding": "chunked" })];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** Sends bytes on a connection of their own. @returns the answer's status; 0 without an answer */
function sendRaw(url: string, bytes: Buffer): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const giveUp = setTimeout(() => socket.destroy(), 30_000);
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (text.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(giveUp);
      resolve(Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0));
    });
  });
}
