/** Deeper than any body that a dialect has. */
const MOST_DEPTH = 32;
/** Lists and objects: a tensor that is nested as its shape has one for each of its rows. */
const MOST_CONTAINERS = 100_000;
/** Numbers of a tensor: those that fit into a body. */
const MOST_VALUES = 4_000_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Short strings are read byte by byte: a search costs more than they have. */
const NEAR = 32;

/**
 * Whether JSON takes no more than a few times its own size once it is parsed. Brackets alone, 20 MiB of them, would take 1.3 GB in V8. What is no
 * JSON may count as modest: the parser says so.
 */
export function isModestJson(bytes: Uint8Array): boolean {
  let depth = 0;
  let containers = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++)
    switch (bytes[at]) {
      case QUOTE:
        // Most of a body is base64 in one string, over which this leaps.
        at = endOfString(bytes, at + 1);
        break;
      case 0x2c: // ,
        if (++values > MOST_VALUES) return false;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MOST_DEPTH || ++containers > MOST_CONTAINERS) return false;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  return true;
}

/** Where a string's closing quote is; the end without one. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = from; ; ) {
    for (const near = at + NEAR; at < near; at++) {
      if (bytes[at] === BACKSLASH) at++;
      else if (bytes[at] === QUOTE || at >= bytes.length) return at;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return bytes.length;
    let escapes = 0;
    while (quote - escapes > at && bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote;
    at = quote + 1;
  }
}
