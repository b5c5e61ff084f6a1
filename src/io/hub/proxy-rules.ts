import { downloadError } from "./download-error.js";
import type { Environment } from "./hub-settings.js";

/** Which proxy a request goes through. */
export interface ProxyRules {
  http: URL | undefined;
  https: URL | undefined;
  /** Hosts that are reached without a proxy, in lower case; `*` for all. */
  direct: readonly { host: string; port: string | undefined }[];
}

/**
 * `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; in lower case they win, as in curl.
 *
 * @throws DownloadError `download/setting` for a proxy of another kind than HTTP
 */
export function proxyRules(environment: Environment): ProxyRules {
  const get = (name: string) => environment[name.toLowerCase()] || environment[name] || undefined;
  const proxy = (name: string) => {
    const text = get(name);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url && /^https?:$/.test(url.protocol)) return url;
    // "localhost:3128" parses as the scheme "localhost:".
    const bare = `http://${text}`;
    if (!text.includes("://") && URL.canParse(bare)) return new URL(bare);
    throw downloadError(
      "download/setting",
      `${name} is not the address of an HTTP proxy; wanted one such as http://proxy.example.org:3128.`,
      { details: { variable: name } },
    );
  };
  const all = proxy("ALL_PROXY");
  const direct = (get("NO_PROXY") ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry) => {
      const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [undefined, entry, undefined];
      return { host: host!.replace(/^\*?\./, ""), port };
    });
  return { http: proxy("HTTP_PROXY") ?? all, https: proxy("HTTPS_PROXY") ?? all, direct };
}

/** The proxy for an address; `undefined` where it is reached directly. A host of `NO_PROXY` stands for its subdomains too. */
export function proxyFor(url: URL, { http, https, direct }: ProxyRules): URL | undefined {
  const isSecure = url.protocol === "https:";
  const port = url.port || (isSecure ? "443" : "80");
  const host = url.hostname.toLowerCase();
  const isDirect = direct.some(
    (entry) =>
      (entry.port === undefined || entry.port === port) &&
      (entry.host === "*" || host === entry.host || host.endsWith(`.${entry.host}`)),
  );
  return isDirect ? undefined : isSecure ? https : http;
}
