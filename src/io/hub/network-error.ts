import { DownloadError } from "../../errors.js";
import { downloadError } from "./download-error.js";

const TIMEOUTS = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);
/** The connection stood, and then did not. */
const CUTS = new Set([
  ...["UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "ECONNRESET", "EPIPE", "UND_ERR_RESPONSE"],
  ...["HPE_INVALID_CONSTANT", "HPE_INVALID_EOF_STATE", "UND_ERR_INFO", "UND_ERR_DESTROYED"],
]);

/** The server shows a certificate that this machine does not trust: most often a company's own, on the way to all others. */
const CERTIFICATES = /CERT|^UNABLE_TO_VERIFY|^ERR_TLS_/;

/** An error of undici or of the system as ours. Says hosts only: addresses may be signed, and proxies have passwords. */
export function networkError(error: unknown, url: URL, proxy: URL | undefined): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = codeOf(error);
  const details = { host: url.host, ...(proxy && { proxy: proxy.host }), ...(code && { systemCode: code }) };
  const why = code ? ` (${code})` : "";
  if (CUTS.has(code ?? ""))
    return downloadError("download/cut", `"${url.host}" broke off the connection${why}. Load the model again.`, {
      details,
    });
  if (CERTIFICATES.test(code ?? ""))
    return downloadError(
      "download/certificate",
      `"${url.host}" shows a certificate that Node does not trust${why}. If your company's network opens connections, set NODE_EXTRA_CA_CERTS to the file of its certificate.`,
      { details },
    );
  if (proxy && code !== "UND_ERR_HEADERS_TIMEOUT" && code !== "UND_ERR_BODY_TIMEOUT")
    return downloadError(
      "download/proxy",
      `The proxy "${proxy.host}" gives no way to "${url.host}"${why}. Check HTTPS_PROXY, and list hosts that need no proxy in NO_PROXY.`,
      { details },
    );
  if (TIMEOUTS.has(code ?? ""))
    return downloadError(
      "download/timeout",
      `"${url.host}" does not answer${why}. Try again, or wait longer: HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT.`,
      { details },
    );
  return downloadError(
    "download/unreachable",
    `"${url.host}" can't be reached${why}. Check the network, HTTPS_PROXY and HF_ENDPOINT; a model in the cache loads without.`,
    { details },
  );
}

function codeOf(error: unknown): string | undefined {
  for (let at = error as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined; at; ) {
    if (typeof at.code === "string" && at.code !== "") return at.code;
    at = (at.cause ?? at.errors?.[0]) as typeof at;
  }
  return undefined;
}
