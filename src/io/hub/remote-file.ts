import { downloadError } from "./download-error.js";
import { type HubClient, leave } from "./hub-client.js";
import type { HubSettings } from "./hub-settings.js";
import { COMMIT } from "./model-id.js";
import { statusError } from "./status-error.js";
import { type RetryOptions, withRetries } from "./with-retries.js";

/** A file of a model as the Hub describes it. */
export interface RemoteFile {
  /** With forward slashes. */
  path: string;
  commit: string;
  /** Of its content: SHA-256 (64 digits) of large files, git's SHA-1 (40 digits) of small ones. Its name in the cache. */
  etag: string;
  bytes: number;
}

export interface Place {
  id: string;
  revision: string;
}

/** Where a file of a model lies on the Hub. */
export function fileAddress({ endpoint }: HubSettings, { id, revision }: Place, path: string): string {
  return `${endpoint}/${id}/resolve/${encodeURIComponent(revision)}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * Asks what a file is: of which commit, with which content, how large. No byte of it is fetched.
 *
 * @throws DownloadError for every answer but success, `download/not-a-hub` for one without the Hub's headers; `signal.reason`
 */
export async function describeFile(
  client: HubClient,
  settings: HubSettings,
  place: Place,
  path: string,
  { attempts, signal }: Pick<RetryOptions, "attempts" | "signal"> = {},
): Promise<RemoteFile> {
  const asked = { ...place, file: path, endpoint: settings.endpoint, hasToken: client.hasToken };
  const work = async () => {
    const answer = await client.request(fileAddress(settings, place, path), {
      method: "HEAD",
      timeoutMs: settings.metadataTimeoutMs,
      signal,
    });
    leave(answer, "HEAD");
    const { headers, status } = answer;
    const isLinked = headers["x-linked-etag"] !== undefined;
    if (status !== 200 && !(isLinked && status >= 300 && status < 400)) throw statusError(answer, asked);
    const commit = headers["x-repo-commit"] ?? "";
    const etag = (headers["x-linked-etag"] ?? headers.etag ?? "").replace(/^W\//, "").replaceAll('"', "");
    const bytes = Number(headers["x-linked-size"] ?? (status === 200 ? headers["content-length"] : undefined));
    const isHub = COMMIT.test(commit) && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
    if (!isHub || !Number.isSafeInteger(bytes) || bytes < 0)
      throw downloadError(
        "download/not-a-hub",
        `${settings.endpoint} answers for "${path}" of "${place.id}" without saying its commit, hash and size. Check HF_ENDPOINT, the proxy and the firewall.`,
        { details: { ...place, file: path } },
      );
    return { path, commit, etag, bytes };
  };
  return await withRetries(work, { ...(attempts && { attempts }), delayMs: settings.retryDelayMs, signal });
}
