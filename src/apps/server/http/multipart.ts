/** A part of a form. */
export interface FormPart {
  /** Of its field. */
  name: string;
  /** Absent where the part is no file. */
  fileName: string | undefined;
  /** A view of the body. */
  bytes: Uint8Array;
}

/** More parts than any form here needs, and few enough to cost nothing. */
const MOST_PARTS = 1_000;
/** Bytes of one part's headers. */
const LARGEST_HEAD = 4_096;
const LINE_END = "\r\n";

/**
 * The parts of a multipart/form-data body, RFC 7578. Nothing is copied. A part counts as a file where it has a file's name, or says that it is a
 * picture or bytes.
 *
 * @param contentType with the boundary, of 1 to 70 characters, quoted or not
 * @returns nothing for a body that is none, or that has more than 1,000 parts
 */
export function parseMultipart(body: Uint8Array, contentType: string): FormPart[] | undefined {
  const boundary = parameterOf(contentType, "boundary");
  if (!boundary || boundary.length > 70) return undefined;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  const between = Buffer.from(`${LINE_END}--${boundary}`, "latin1");
  // What stands before the first delimiter is for people whose mail program does not know forms.
  let at = bytes.subarray(0, delimiter.length).equals(delimiter) ? 0 : bytes.indexOf(between);
  if (at < 0) return undefined;
  at += at === 0 ? delimiter.length : between.length;
  const parts: FormPart[] = [];
  for (;;) {
    if (bytes.subarray(at, at + 2).toString("latin1") === "--") return parts;
    const head = bytes.indexOf(LINE_END, at);
    const headEnd = bytes.indexOf(LINE_END + LINE_END, head);
    const end = headEnd < 0 ? -1 : bytes.indexOf(between, headEnd + 2);
    // Only blanks may follow a delimiter on its line.
    if (head < 0 || end < 0 || headEnd - head > LARGEST_HEAD || bytes.subarray(at, head).some((byte) => byte !== 32))
      return undefined;
    const part = partOf(bytes.toString("utf8", head, headEnd), bytes.subarray(Math.min(headEnd + 4, end), end));
    if (!part || parts.length === MOST_PARTS) return undefined;
    parts.push(part);
    at = end + between.length;
  }
}

function partOf(head: string, bytes: Uint8Array): FormPart | undefined {
  const headers = new Map(
    head.split(LINE_END).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, Math.max(0, colon)).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (!/^form-data\s*;/i.test(disposition) || name === undefined) return undefined;
  const isPicture = /^(image\/|application\/octet-stream)/i.test(headers.get("content-type") ?? "");
  const fileName = extendedName(disposition) ?? parameterOf(disposition, "filename") ?? (isPicture ? "" : undefined);
  return { name, fileName, bytes };
}

/** A parameter of a header's value. Quotes in it are escaped as curl does, or as browsers do. */
function parameterOf(value: string, name: string): string | undefined {
  for (const [, found, quoted, plain] of value.matchAll(/;\s*([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g))
    if (found!.toLowerCase() === name)
      return quoted === undefined ? plain! : quoted.replace(/\\(["\\])/g, "$1").replaceAll("%22", '"');
  return undefined;
}

/** `filename*=utf-8''…`, as some clients send names with other letters. */
function extendedName(disposition: string): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(parameterOf(disposition, "filename*") ?? "") ?? [];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
