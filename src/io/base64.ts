/**
 * The bytes of base64 text, or of a `data:` URI of it. Standard or URL-safe alphabet, line breaks allowed. Node passes over characters that it does
 * not know, which would hide damage.
 *
 * @returns undefined for other characters, or nothing
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (/^data:/i.test(text)) {
    const comma = text.indexOf(",");
    if (comma < 0 || !text.slice(0, comma).toLowerCase().endsWith(";base64")) return undefined;
    return decodeBase64Digits(text.slice(comma + 1));
  }
  return decodeBase64Digits(text);
}

function decodeBase64Digits(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding - countOf(text, "\n") - countOf(text, "\r");
  return digits === 0 || digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4) ? undefined : bytes;
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}
