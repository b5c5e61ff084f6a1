import { DownloadError } from "../../errors.js";

/** Every code of a `DownloadError`. They are API: a new rule gets a new code, an old code keeps its meaning. `docs/hub.md` says what to do. */
export const DOWNLOAD_CODES = {
  "download/offline": "a variable forbids the network, and the cache lacks the model",
  "download/unreachable": "the server can't be reached, and the cache lacks the model",
  "download/proxy": "the proxy can't be reached, or refuses",
  "download/certificate": "the server's certificate is not trusted here",
  "download/timeout": "the server was silent, or next to silent, for too long",
  "download/cut": "the connection broke again and again",
  "download/server": "the server failed (5xx) again and again",
  "download/rate-limited": "the server asks for fewer requests (429)",
  "download/unauthorized": "the model is private or does not exist, or the token is not valid (401)",
  "download/forbidden": "the token lacks the right (403)",
  "download/gated": "the model's license must be accepted first",
  "download/not-found": "there is no such model",
  "download/revision-not-found": "the model has no such branch, tag or commit",
  "download/file-not-found": "the model lacks a file that is needed",
  "download/no-safetensors": "the model has weights, but none that we read",
  "download/refused": "the server answers with another status that is a failure",
  "download/redirect": "the server redirects in a circle, or to where a download must not go",
  "download/not-a-hub": "the server does not answer as a Hub does",
  "download/too-large": "a file is larger, or files are more, than a model can need",
  "download/hash": "the bytes are not those that the Hub promised",
  "download/size": "the server sends another number of bytes than the Hub promised",
  "download/disk-full": "the disk has no room",
  "download/cache": "the cache can't be read or written",
  "download/not-cached": "the cache does not hold what a command is about",
  "download/setting": "a variable of the environment or a token has a form that can't be used",
  "download/archive": "an archive of a model is not whole, not as it was packed, or unsafe",
} as const;

export type DownloadCode = keyof typeof DOWNLOAD_CODES;

/** @param message found, wanted, what to do. Never a token, never the query of an address, which may sign it */
export function downloadError(
  code: DownloadCode,
  message: string,
  options: { details?: Record<string, unknown>; cause?: unknown } = {},
): DownloadError {
  return new DownloadError(code, message, options);
}

/** Whether the same request may well succeed a little later. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof DownloadError && /^download\/(unreachable|proxy|timeout|cut|server|rate-limited)$/.test(error.code)
  );
}
