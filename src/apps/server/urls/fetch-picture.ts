import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { ServerError } from "../../../errors.js";
import { isPublicAddress } from "./public-address.js";

/** What may be fetched, and from where. */
export interface Web {
  resolve(host: string): Promise<readonly string[]>;
  isAllowed(address: string): boolean;
  ports: readonly string[];
  /** For all steps together, in milliseconds. */
  timeoutMs: number;
  maxBytes: number;
}

/** The public internet, on its two ports. */
export const PUBLIC_WEB: Web = {
  resolve: async (host) => (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address),
  isAllowed: isPublicAddress,
  // A URL with its scheme's own port has "".
  ports: ["", "80", "443"],
  timeoutMs: 5_000,
  maxBytes: 10 * 2 ** 20,
};

const MOST_REDIRECTS = 3;

/**
 * Fetches a picture. Every address that a name has is checked, and the connection goes to a checked one, so a name that
 * changes its mind in between gains nothing. A redirect is a URL like any other. Nothing of the client's request goes along.
 *
 * @throws ServerError `server/url-refused`, `server/url-failed`, `server/url-timeout`; `signal.reason`
 */
export async function fetchPicture(url: string, signal: AbortSignal, web: Web = PUBLIC_WEB): Promise<Uint8Array> {
  const late = new AbortController();
  const cancel = () => late.abort(signal.reason);
  const timer = setTimeout(
    () =>
      late.abort(new ServerError("server/url-timeout", `The URL gave no picture within ${web.timeoutMs / 1000} s.`)),
    web.timeoutMs,
  );
  signal.addEventListener("abort", cancel, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    late.signal.addEventListener("abort", () => reject(late.signal.reason), { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([follow(url, late.signal, web), aborted]);
  } catch (error) {
    late.signal.throwIfAborted();
    if (error instanceof ServerError) throw error;
    throw new ServerError("server/url-failed", "The URL could not be fetched.", { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
    // Whatever is still open is closed.
    late.abort();
  }
}

async function follow(first: string, signal: AbortSignal, web: Web): Promise<Uint8Array> {
  let url = parse(first, web);
  for (let redirects = 0; ; redirects++) {
    const response = await connect(url, await checkedAddress(url, web), signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return readAll(response, web.maxBytes);
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location)
      throw new ServerError("server/url-failed", `The URL answered with status ${statusCode}.`);
    if (redirects === MOST_REDIRECTS) throw refused(`it leads on more than ${MOST_REDIRECTS} times`);
    const next = parse(headers.location, web, url);
    if (url.protocol === "https:" && next.protocol === "http:") throw refused("it leads from https to http");
    url = next;
  }
}

function parse(text: string, web: Web, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw refused("it is no URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refused("only http and https are fetched");
  if (url.username !== "" || url.password !== "") throw refused("it has a user's name in it");
  if (!web.ports.includes(url.port)) throw refused("its port is not one of the web's");
  return url;
}

/** An address of the URL's host, if all that it has are allowed. */
async function checkedAddress({ hostname }: URL, web: Web): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [host] : await web.resolve(host);
  const [first] = addresses;
  if (first === undefined) throw new ServerError("server/url-failed", "The URL's host has no address.");
  if (!addresses.every((address) => web.isAllowed(address))) throw refused("it does not lead to the public internet");
  return first;
}

function connect(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const family = isIP(address);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        signal,
        agent: false,
        headers: { accept: "image/*", "accept-encoding": "identity", "user-agent": "vitrail" },
        // Newer Nodes ask for all addresses, to try them in turn.
        lookup: (_host, options, found) => {
          if (options.all) found(null, [{ address, family }]);
          else found(null, address, family);
        },
      },
      resolve,
    );
    sent.on("error", reject);
    sent.end();
  });
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) {
      response.destroy();
      throw new ServerError("server/too-large", `The URL's file has more than the ${maxBytes} bytes that are allowed.`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function refused(why: string): ServerError {
  return new ServerError("server/url-refused", `This URL is not fetched: ${why}.`);
}
