import { ServerError } from "../../../errors.js";
import { decodeBase64 } from "../../../io/base64.js";

/** An encoded picture as it came in. */
export interface Upload {
  bytes: Uint8Array;
  /** The client's name for it, where it told one. */
  name: string;
}

/** Gets the picture behind a URL. */
export type FetchPicture = (url: string, signal: AbortSignal) => Promise<Uint8Array>;

/**
 * A picture in a JSON string: base64, a `data:` URI, or a URL.
 *
 * @param fetchPicture absent: URLs are off
 * @throws ServerError `server/bad-request` for what is no base64, `server/urls-off`; what `fetchPicture` throws
 */
export async function pictureOf(
  text: string,
  fetchPicture: FetchPicture | undefined,
  signal: AbortSignal,
): Promise<Upload> {
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "data" || scheme === undefined) return { bytes: base64Bytes(text), name: "" };
  if (!fetchPicture)
    throw new ServerError("server/urls-off", "This server does not fetch URLs. Send the picture itself, as base64.");
  return { bytes: await fetchPicture(text, signal), name: text.split(/[?#]/)[0]!.split("/").pop()! };
}

function base64Bytes(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes) return bytes;
  if (/^data:/i.test(text) && !/^data:[^,]*;base64,/i.test(text))
    throw new ServerError("server/bad-request", 'A data URI must be "data:image/…;base64,…".');
  throw new ServerError("server/bad-request", "A picture in JSON must be base64; found other characters, or none.");
}
