import { createReadStream } from "node:fs";
import { InputError } from "../../errors.js";

/** A picture of 48 MB in base64 fits into a line; what is longer is no list. */
export const LONGEST_LINE = 64 * 2 ** 20;

/** A line of a text file and its number, from 1. */
export interface TextLine {
  line: number;
  /** Without its end, which may be Windows'. */
  text: string;
}

/**
 * The lines of a UTF-8 file of any length, one after the other.
 *
 * @throws InputError `input/listing` for a file that can't be read, is not UTF-8, or has a line beyond 64 million characters
 */
export async function* textLines(path: string): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let parts: string[] = [];
  let length = 0;
  const end = (last: string): TextLine => {
    const text = parts.join("") + last;
    parts = [];
    length = 0;
    return { line: line++, text: text.endsWith("\r") ? text.slice(0, -1) : text };
  };
  for await (const chunk of decoded(path, decoder)) {
    const pieces = chunk.split("\n");
    const open = pieces.pop()!;
    for (const piece of pieces) yield end(piece);
    parts.push(open);
    length += open.length;
    if (length > LONGEST_LINE)
      throw unreadable(path, `line ${line} has more than ${LONGEST_LINE} characters. Is it a list of pictures?`);
  }
  if (length > 0) yield end("");
}

async function* decoded(path: string, decoder: TextDecoder): AsyncGenerator<string> {
  try {
    for await (const bytes of createReadStream(path)) yield decoder.decode(bytes as Buffer, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw unreadable(path, code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8 text." : `${code}.`, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): InputError {
  return new InputError("input/listing", `"${path}" can't be read as a list of pictures: ${why}`, {
    cause,
    details: { path },
  });
}
