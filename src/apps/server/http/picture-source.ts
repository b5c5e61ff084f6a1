import { ServerError } from "../../../errors.js";

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
  if (scheme === "data") return { bytes: dataUriBytes(text), name: "" };
  if (scheme === undefined) return { bytes: base64Bytes(text), name: "" };
  if (!fetchPicture)
    throw new ServerError("server/urls-off", "This server does not fetch URLs. Send the picture itself, as base64.");
  return { bytes: await fetchPicture(text, signal), name: text.split(/[?#]/)[0]!.split("/").pop()! };
}

function dataUriBytes(uri: string): Uint8Array {
  const comma = uri.indexOf(",");
  if (comma < 0 || !uri.slice(0, comma).toLowerCase().endsWith(";base64"))
    throw new ServerError("server/bad-request", 'A data URI must be "data:image/…;base64,…".');
  return base64Bytes(uri.slice(comma + 1));
}

/** Standard or URL-safe alphabet, line breaks allowed. Node skips what it does not know, which would hide damage. */
function base64Bytes(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding - countOf(text, "\n") - countOf(text, "\r");
  if (digits === 0 || digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4))
    throw new ServerError("server/bad-request", "A picture in JSON must be base64; found other characters, or none.");
  return bytes;
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}
