import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Seen {
  method: string;
  /** Without the query. */
  path: string;
  headers: IncomingMessage["headers"];
}

/** Answers a request in the server's place; `false` lets the server answer after all. */
export type Fault = (request: Seen, response: ServerResponse, file: FakeFile | undefined) => boolean | Promise<boolean>;

export interface FakeFile {
  content: Buffer;
  etag: string;
  /** Large files are redirected to the storage, as the Hub does. */
  isLarge: boolean;
}

export const COMMIT = "1234567890abcdef1234567890abcdef12345678";

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
const gitSha1 = (content: Buffer) =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

/** A server on loopback that speaks the Hub's routes: files by redirect from a second host, ranges, hashes, error codes. */
export class FakeHub {
  readonly seen: Seen[] = [];
  /** `owner/name` → revision → commit */
  readonly revisions = new Map<string, Map<string, string>>();
  /** `owner/name@commit` → path → file */
  readonly files = new Map<string, Map<string, FakeFile>>();
  fault: Fault | undefined;
  endpoint = "";
  /** Another origin than the Hub's: another port. */
  storageOrigin = "";

  private constructor(
    private readonly hub: Server,
    private readonly storage: Server,
  ) {}

  /** @param tls key and certificate for https */
  static async start(tls?: { key: string; cert: string }): Promise<FakeHub> {
    const make = () => (tls ? createSecureServer(tls) : createServer()) as Server;
    const servers = [make(), make()] as const;
    const fake = new FakeHub(...servers);
    servers[0].on("request", (request, response) => void fake.answer(request, response));
    servers[1].on("request", (request, response) => void fake.answer(request, response));
    await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))));
    [fake.endpoint, fake.storageOrigin] = servers.map(
      (server) => `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ) as [string, string];
    return fake;
  }

  /** @param files a folder, or contents by path; safetensors and pickles are large */
  add(id: string, files: string | Record<string, Uint8Array | string>, commit = COMMIT, revisions = ["main"]): void {
    const contents =
      typeof files === "string"
        ? Object.fromEntries(readdirSync(files).map((name) => [name, readFileSync(join(files, name))]))
        : files;
    const known = new Map<string, FakeFile>();
    for (const [path, raw] of Object.entries(contents)) {
      const content = Buffer.from(raw);
      const isLarge = /\.(safetensors|bin)$/.test(path);
      known.set(path, { content, isLarge, etag: isLarge ? sha256(content) : gitSha1(content) });
    }
    this.files.set(`${id}@${commit}`, known);
    const names = this.revisions.get(id) ?? new Map<string, string>();
    for (const name of [...revisions, commit]) names.set(name, commit);
    this.revisions.set(id, names);
  }

  /** Requests for bytes of a file. */
  gets(path = ""): Seen[] {
    return this.seen.filter((request) => request.method === "GET" && request.path.endsWith(path));
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  private answerApi(path: string, response: ServerResponse): void {
    const [, id = "", what, revision = "main"] =
      /^\/api\/models\/([^/]+\/[^/]+)(?:\/(revision|tree)\/([^/]+))?/.exec(path) ?? [];
    const sha = this.revisions.get(id)?.get(decodeURIComponent(revision));
    const files = this.files.get(`${id}@${sha}`);
    if (!files) return void response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
    const answer =
      what === "tree" ? listing(files) : { id, sha, siblings: [...files.keys()].map((rfilename) => ({ rfilename })) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const seen = { method: request.method ?? "", path: url.pathname, headers: request.headers };
    this.seen.push(seen);
    if (url.pathname.startsWith("/api/models/")) return this.answerApi(url.pathname, response);
    const route = /^\/(storage\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const [, isStorage, id = "", revision = "", path = ""] = route ?? [];
    const commits = this.revisions.get(id);
    const commit = commits?.get(decodeURIComponent(revision));
    const file = this.files.get(`${id}@${commit}`)?.get(decodeURIComponent(path));
    if (await this.fault?.(seen, response, file)) return;
    const fail = (status: number, code: string) =>
      response.writeHead(status, { "x-error-code": code, ...(commit && { "x-repo-commit": commit }) }).end();
    if (!commits) return void fail(404, "RepoNotFound");
    if (commit === undefined) return void fail(404, "RevisionNotFound");
    if (!file) return void fail(404, "EntryNotFound");
    if (isStorage) return sendFile(seen, response, file);
    const headers = { "x-repo-commit": commit, "accept-ranges": "bytes" };
    if (!file.isLarge) return sendFile(seen, response, file, { ...headers, etag: `"${file.etag}"` });
    response
      .writeHead(302, {
        ...headers,
        "x-linked-etag": `"${file.etag}"`,
        "x-linked-size": String(file.content.length),
        location: `${this.storageOrigin}/storage${url.pathname}?X-Signature=storage-secret`,
      })
      .end();
  }
}

/** What Python's huggingface_hub asks before it downloads: the commit of a revision, and the files of a commit. */
function listing(files: Map<string, FakeFile>) {
  return [...files].map(([path, { content, etag, isLarge }]) => ({
    type: "file",
    path,
    size: content.length,
    oid: gitSha1(content),
    ...(isLarge && { lfs: { oid: etag, size: content.length, pointerSize: 134 } }),
  }));
}

function sendFile(
  { method, headers: asked }: Seen,
  response: ServerResponse,
  { content }: FakeFile,
  headers: Record<string, string> = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(asked.range ?? "")?.[1] ?? 0);
  if (from >= content.length && from > 0) return void response.writeHead(416).end();
  const part = content.subarray(from);
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { ...headers, ...range, "content-length": String(part.length) });
  response.end(method === "HEAD" ? undefined : part);
}
