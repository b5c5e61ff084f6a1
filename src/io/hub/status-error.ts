import type { DownloadError } from "../../errors.js";
import { downloadError } from "./download-error.js";
import type { HubAnswer } from "./hub-client.js";

/** What was asked for, as messages name it. */
export interface Asked {
  id: string;
  revision: string;
  file: string;
  endpoint: string;
  hasToken: boolean;
}

/** An answer that is a failure, as an error. The Hub says in `x-error-code` what a status leaves open. */
export function statusError({ status, headers }: HubAnswer, asked: Asked): DownloadError {
  const { id, revision, file, endpoint, hasToken } = asked;
  const page = `${endpoint}/${id}`;
  const details = { id, revision, file, status };
  const login = hasToken
    ? "Check the token (HF_TOKEN): it must be valid and may read this model."
    : "If it is private, set HF_TOKEN to a token from https://huggingface.co/settings/tokens; else check the id.";
  const said = headers["x-error-code"];
  if (said === "GatedRepo")
    return downloadError(
      "download/gated",
      `"${id}" is given only to who has accepted its license. Accept it at ${page}, then set HF_TOKEN to a token of that account.`,
      { details },
    );
  if (said === "RevisionNotFound")
    return downloadError(
      "download/revision-not-found",
      `"${id}" has no revision "${revision}". Its branches and tags are at ${page}/tree/main.`,
      { details },
    );
  if (said === "EntryNotFound")
    return downloadError("download/file-not-found", `"${id}" has no file "${file}" at "${revision}".`, { details });
  if (said === "RepoNotFound" || (status === 404 && said === undefined))
    return downloadError("download/not-found", `There is no model "${id}" at ${endpoint}. ${login}`, { details });
  if (status === 401)
    return downloadError(
      "download/unauthorized",
      `${endpoint} does not give "${id}" to ${hasToken ? "this token" : "strangers"} (401): it is private or does not exist. ${login}`,
      { details },
    );
  if (status === 403)
    return downloadError(
      "download/forbidden",
      `${endpoint} forbids "${id}" (403). ${hasToken ? "Give the token the right to read it" : "Set HF_TOKEN to a token that may read it"}, or accept its license at ${page}.`,
      { details },
    );
  if (status === 429) {
    const retryAfterMs = retryAfter(headers);
    const when = retryAfterMs === undefined ? "later" : `in ${Math.ceil(retryAfterMs / 1000)} seconds`;
    return downloadError(
      "download/rate-limited",
      `${endpoint} gets too many requests from here (429). Try again ${when}${hasToken ? "" : ", or set HF_TOKEN: it raises the limit"}.`,
      { details: { ...details, retryAfterMs } },
    );
  }
  if (status >= 500 || status === 408)
    return downloadError(
      "download/server",
      `${endpoint} has a fault of its own (${status}). Try again later; https://status.huggingface.co tells of the Hub's.`,
      { details: { ...details, retryAfterMs: retryAfter(headers) } },
    );
  return downloadError(
    "download/refused",
    `${endpoint} answers ${status} for "${file}" of "${id}". Check HF_ENDPOINT and the proxy.`,
    { details },
  );
}

/** `Retry-After` in seconds or as a date, or the Hub's own `RateLimit: "api";r=0;t=55`. In milliseconds. */
function retryAfter(headers: HubAnswer["headers"]): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text !== undefined) {
    const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
    if (Number.isFinite(wait)) return Math.max(0, wait);
  }
  const reset = /(?:^|;)\s*t=(\d{1,9})/.exec(headers.ratelimit ?? "")?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}
