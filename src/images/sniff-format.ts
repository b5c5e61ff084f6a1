export type ImageFormat = "jpeg" | "png" | "webp" | "bmp";

/** The format by its first bytes: a name or a Content-Type proves nothing. `undefined` for any other kind of file. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, 0, [0xff, 0xd8, 0xff])) return "jpeg";
  if (startsWith(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (startsWith(bytes, 0, ascii("RIFF")) && startsWith(bytes, 8, ascii("WEBP"))) return "webp";
  if (startsWith(bytes, 0, ascii("BM"))) return "bmp";
  return undefined;
}

/** Formats that people do send and that are not read, for the message. */
const FOREIGN: [name: string, offset: number, magic: number[]][] = [
  ["GIF", 0, ascii("GIF8")],
  ["TIFF", 0, [0x49, 0x49, 0x2a, 0x00]],
  ["TIFF", 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ["HEIC or AVIF", 4, ascii("ftyp")],
  ["JPEG 2000", 4, ascii("jP  ")],
  ["JPEG XL", 0, [0xff, 0x0a]],
  ["ICO", 0, [0x00, 0x00, 0x01, 0x00]],
  ["PDF", 0, ascii("%PDF")],
  ["gzip", 0, [0x1f, 0x8b]],
  ["zip", 0, ascii("PK\x03\x04")],
  ["XML, SVG or HTML", 0, ascii("<")],
];

/** What a refused file seems to be, in words. */
export function describeForeignFormat(bytes: Uint8Array): string {
  const foreign = FOREIGN.find(([, offset, magic]) => startsWith(bytes, offset, magic));
  if (foreign) return `a ${foreign[0]} file`;
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `a file that begins with the bytes ${first}`;
}

export function startsWith(bytes: Uint8Array, offset: number, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[offset + i] === byte);
}

export function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
