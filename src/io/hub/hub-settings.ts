import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { downloadError } from "./download-error.js";
import { type ProxyRules, proxyRules } from "./proxy-rules.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** How the Hub and its cache are used. The variables are those of Python's huggingface_hub. */
export interface HubSettings {
  /** Address of the Hub, without a slash at its end. */
  endpoint: string;
  /** Absolute. */
  cacheDir: string;
  /** The variable that forbids the network, if one does. */
  offlineBy: "HF_HUB_OFFLINE" | "TRANSFORMERS_OFFLINE" | undefined;
  /** From the environment; `undefined` where implicit tokens are switched off. */
  environmentToken: string | undefined;
  /** Where `hf auth login` leaves its token; `undefined` where implicit tokens are switched off. */
  tokenPath: string | undefined;
  links: "symbolic" | "copies";
  proxies: ProxyRules;
  /** Longest wait for an answer about a file. */
  metadataTimeoutMs: number;
  /** Longest time in which next to nothing of a file may come. */
  downloadTimeoutMs: number;
  /** Wait after a first failure; doubles with each. */
  retryDelayMs: number;
}

/** huggingface_hub's default for both of its timeouts. */
const DEFAULT_TIMEOUT_S = 10;
const RETRY_DELAY_MS = 500;

/**
 * @param cacheDir instead of what the environment says
 * @throws DownloadError `download/setting`
 */
export function hubSettings(cacheDir?: string, environment: Environment = process.env): HubSettings {
  // A variable that is set to nothing counts as not set.
  const get = (name: string) => environment[name] || undefined;
  const path = (text: string) => resolve(expand(text, environment));
  const home = path(get("HF_HOME") ?? join(get("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface"));
  const hasImplicitToken = !isTrue(get("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
  const offlineBy = get("HF_HUB_OFFLINE") === undefined ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
  return {
    endpoint: endpointOf(get("HF_ENDPOINT") ?? "https://huggingface.co"),
    cacheDir: path(cacheDir ?? get("HF_HUB_CACHE") ?? get("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub")),
    offlineBy: isTrue(get(offlineBy)) ? offlineBy : undefined,
    environmentToken: hasImplicitToken ? (get("HF_TOKEN") ?? get("HUGGING_FACE_HUB_TOKEN")) : undefined,
    tokenPath: hasImplicitToken ? path(get("HF_TOKEN_PATH") ?? join(home, "token")) : undefined,
    links: isTrue(get("HF_HUB_DISABLE_SYMLINKS")) ? "copies" : "symbolic",
    proxies: proxyRules(environment),
    metadataTimeoutMs: seconds("HF_HUB_ETAG_TIMEOUT", get("HF_HUB_ETAG_TIMEOUT")) * 1000,
    downloadTimeoutMs: seconds("HF_HUB_DOWNLOAD_TIMEOUT", get("HF_HUB_DOWNLOAD_TIMEOUT")) * 1000,
    retryDelayMs: RETRY_DELAY_MS,
  };
}

/** As huggingface_hub reads its switches. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && ["1", "ON", "YES", "TRUE"].includes(value.toUpperCase());
}

/** `~` and `$NAME`, as Python's `expanduser` and `expandvars`; an unknown variable stays as it is. */
function expand(path: string, environment: Environment): string {
  return path
    .replace(/^~(?=[/\\]|$)/, homedir())
    .replace(/\$(?:(\w+)|\{([^}]*)\})/g, (all, plain, braced) => environment[plain ?? braced] ?? all);
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain) return url.href.replace(/(?<!\/)\/+$/, "");
  throw downloadError(
    "download/setting",
    "HF_ENDPOINT is not the address of a Hub; wanted one such as https://huggingface.co, without a name or a password in it.",
    { details: { variable: "HF_ENDPOINT" } },
  );
}

function seconds(variable: string, text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_S;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 86_400) return value;
  throw downloadError(
    "download/setting",
    `${variable} is ${JSON.stringify(text.slice(0, 40))}; wanted a number of seconds above 0, at most 86400.`,
    { details: { variable } },
  );
}
