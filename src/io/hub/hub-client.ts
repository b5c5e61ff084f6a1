import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { downloadError } from "./download-error.js";
import type { HubSettings } from "./hub-settings.js";
import { networkError } from "./network-error.js";
import { proxyFor } from "./proxy-rules.js";

export interface HubAnswer {
  status: number;
  /** By name, in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Must be read, or left with {@link leave}. */
  body: Readable;
}

export interface HubRequest {
  method: "HEAD" | "GET";
  headers?: Record<string, string>;
  /** Longest wait for the answer's head. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 6;
/** The Hub's to say: what it redirects to may say it otherwise, or not at all. */
const HUB_HEADERS = ["x-repo-commit", "x-linked-etag", "x-linked-size"];

/** Speaks HTTP with the Hub and with where it redirects to. undici is loaded at the first request. */
export class HubClient {
  private readonly dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(
    readonly settings: Pick<HubSettings, "proxies" | "metadataTimeoutMs">,
    private readonly token: string | undefined,
  ) {}

  get hasToken(): boolean {
    return this.token !== undefined;
  }

  /**
   * The answer at the end of all redirects, whatever its status. The token goes to the first host alone: where a redirect leads elsewhere it is left
   * out, and stays out. A HEAD request ends at the Hub once its headers have said what a file is (`x-linked-etag`), before it is sent to the storage.
   *
   * @throws DownloadError `download/unreachable`, `download/proxy`, `download/timeout`, `download/cut`, `download/redirect`; `signal.reason`
   */
  async request(address: string, { method, headers = {}, timeoutMs, signal }: HubRequest): Promise<HubAnswer> {
    let url = new URL(address);
    let token = this.token;
    let said: Record<string, string | undefined> = {};
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const answer = await this.send(url, method, { ...headers, ...bearer(token) }, timeoutMs, signal);
      said = { ...pick(answer.headers, HUB_HEADERS), ...said };
      const location = REDIRECTS.has(answer.status) ? answer.headers.location : undefined;
      const next = location === undefined ? undefined : nextAddress(url, location);
      const isAnswered = method === "HEAD" && next?.origin !== url.origin && said["x-linked-etag"] !== undefined;
      if (next === undefined || isAnswered) return { ...answer, headers: { ...answer.headers, ...said } };
      leave(answer, method);
      if (next.origin !== url.origin) token = undefined;
      url = next;
    }
    throw downloadError(
      "download/redirect",
      `"${new URL(address).host}" redirects more than ${MOST_REDIRECTS} times. Check HF_ENDPOINT and the proxy.`,
    );
  }

  private async send(
    url: URL,
    method: "HEAD" | "GET",
    headers: Record<string, string>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<HubAnswer> {
    signal?.throwIfAborted();
    const { request } = await import("undici");
    const proxy = proxyFor(url, this.settings.proxies);
    try {
      const answer = await request(url, {
        method,
        // Without compression: sizes and ranges are of the file itself.
        headers: { "user-agent": "vitrail", "accept-encoding": "identity", ...headers },
        dispatcher: await this.dispatcher(proxy),
        headersTimeout: timeoutMs,
        // Who reads the body says how slow is too slow.
        bodyTimeout: 0,
        ...(signal && { signal }),
      });
      // A body that is destroyed unread says so in an event, which nobody may be there to hear.
      answer.body.on("error", () => {});
      return { status: answer.statusCode, headers: firstValues(answer.headers), body: answer.body };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, url, proxy);
    }
  }

  private dispatcher(proxy: URL | undefined): Promise<Dispatcher> {
    const key = proxy?.href ?? "";
    const known = this.dispatchers.get(key);
    if (known) return known;
    const made = import("undici").then(({ Agent, ProxyAgent }) =>
      proxy
        ? new ProxyAgent({ uri: proxy.href, ...credentials(proxy) })
        : new Agent({ connect: { timeout: this.settings.metadataTimeoutMs } }),
    );
    this.dispatchers.set(key, made);
    return made;
  }

  /** Closes every connection at once. */
  async close(): Promise<void> {
    for (const dispatcher of this.dispatchers.values()) await (await dispatcher).destroy();
  }
}

/** Done with an answer. One without a body leaves its connection to the next request. */
export function leave({ body }: HubAnswer, method: HubRequest["method"]): void {
  if (method === "HEAD") body.resume();
  else body.destroy();
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function credentials({ username, password }: URL): { token?: string } {
  if (!username) return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function nextAddress(from: URL, location: string): URL {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const isSafe = next && (next.protocol === "https:" || next.protocol === from.protocol) && next.protocol !== "file:";
  if (isSafe) return next;
  throw downloadError(
    "download/redirect",
    `"${from.host}" redirects to ${next ? `an address of the kind "${next.protocol}"` : "something that is no address"}; wanted https. Check HF_ENDPOINT and the proxy.`,
  );
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function pick<Value>(from: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
}
