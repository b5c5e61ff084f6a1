import { ImageError } from "../../errors.js";
import { ByteReader } from "../byte-reader.js";
import { checkSize, type DecodeContext } from "../limits.js";

/** How the pixels of a BMP are stored. */
export type BmpPixels =
  | { kind: "palette"; bits: 1 | 4 | 8; colors: Uint8Array }
  | { kind: "rle"; bits: 4 | 8; colors: Uint8Array }
  | { kind: "rgb16"; green: 5 | 6 }
  /** Whole bytes: where red, green and blue lie within a pixel's bytes. */
  | { kind: "bytes"; size: 3 | 4; red: number; green: number; blue: number };

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly rows: "top-down" | "bottom-up";
  /** Where the pixels begin, in bytes from the start of the file. */
  readonly offset: number;
  readonly pixels: BmpPixels;
}

/** Sizes in bytes: OS/2 core, Windows 3, v2, v3, OS/2 2, v4, v5. */
const HEADER_SIZES = [12, 40, 52, 56, 64, 108, 124];
const COMPRESSION = { none: 0, rle8: 1, rle4: 2, bitfields: 3 } as const;
const COMPRESSION_NAMES: Record<number, string> = { 4: "JPEG", 5: "PNG" };

/** Channel masks that Pillow reads, as `red green blue alpha` in hexadecimal; all others it refuses. */
const MASKS_32 = [
  "ff0000 ff00 ff 0",
  "ff000000 ff0000 ff00 0",
  "ff000000 ff00 ff 0",
  "ff000000 ff0000 ff00 ff",
  "ff ff00 ff0000 ff000000",
  "ff0000 ff00 ff ff000000",
  "ff000000 ff00 ff ff0000",
];
const BGR = { red: 2, green: 1, blue: 0 };

/**
 * Reads everything before the pixels, by the rules of Pillow's `BmpImagePlugin`.
 *
 * @throws ImageError `image/corrupt`, `image/unsupported`, `image/too-large`
 */
export function readBmpHeader(bytes: Uint8Array, context: DecodeContext): BmpHeader {
  const reader = new ByteReader(bytes, "BMP", "little");
  reader.position = 10;
  const pixelOffset = reader.uint32();
  const headerSize = reader.uint32();
  if (!HEADER_SIZES.includes(headerSize)) throw unsupported(`a header of ${headerSize} bytes`, { headerSize });
  const header = new ByteReader(reader.take(headerSize - 4), "BMP", "little");

  const isCore = headerSize === 12;
  const width = isCore ? header.uint16() : header.uint32();
  const signedHeight = isCore ? header.uint16() : header.uint32();
  // Pillow's test for a negative height: its highest byte.
  const topDown = signedHeight >>> 24 === 0xff;
  const height = topDown ? 2 ** 32 - signedHeight : signedHeight;
  checkSize("BMP", width, height, context);
  header.uint16(); // planes
  const bits = header.uint16();
  const compression = isCore ? COMPRESSION.none : header.uint32();
  let colorCount = 0;
  if (!isCore) {
    header.take(12); // bytes of pixels, pixels a meter
    colorCount = header.uint32();
  }
  colorCount ||= 2 ** bits;
  const colorSize = isCore ? 3 : 4;
  const rows = topDown ? "top-down" : "bottom-up";
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw unsupported(`${bits} bits a pixel`, { bits });
  const masks = compression === COMPRESSION.bitfields ? readMasks(header, reader, headerSize) : undefined;

  if (bits > 8) {
    const offset = pixelOffset || reader.position;
    if (compression === COMPRESSION.none) return { width, height, rows, offset, pixels: plainPixels(bits) };
    if (masks) return { width, height, rows, offset, pixels: maskedPixels(bits, masks) };
    throw unsupportedCompression(compression, bits);
  }
  const isRle = compression === COMPRESSION.rle4 || compression === COMPRESSION.rle8;
  if (compression !== COMPRESSION.none && !isRle) throw unsupportedCompression(compression, bits);
  const colors = readPalette(reader, colorCount, colorSize);
  // Some writers point at the palette instead of the pixels behind it.
  const shift = pixelOffset === 14 + headerSize ? colorCount * colorSize : 0;
  const offset = pixelOffset ? pixelOffset + shift : reader.position;
  const pixels: BmpPixels = isRle
    ? { kind: "rle", bits: compression === COMPRESSION.rle4 ? 4 : 8, colors }
    : { kind: "palette", bits: bits as 1 | 4 | 8, colors };
  return { width, height, rows, offset, pixels };
}

function plainPixels(bits: number): BmpPixels {
  if (bits === 16) return { kind: "rgb16", green: 5 };
  return { kind: "bytes", size: bits === 24 ? 3 : 4, ...BGR };
}

/** Red, green, blue and alpha masks: within a header of at least 52 bytes, else behind it and without alpha. */
function readMasks(header: ByteReader, reader: ByteReader, headerSize: number): number[] {
  if (headerSize < 52) return [reader.uint32(), reader.uint32(), reader.uint32(), 0];
  header.position = 36;
  const colors = [header.uint32(), header.uint32(), header.uint32()];
  return [...colors, headerSize >= 56 ? header.uint32() : 0];
}

function maskedPixels(bits: number, masks: number[]): BmpPixels {
  const name = masks.map((mask) => mask.toString(16)).join(" ");
  const rgb = masks
    .slice(0, 3)
    .map((mask) => mask.toString(16))
    .join(" ");
  if (bits === 16 && rgb === "f800 7e0 1f") return { kind: "rgb16", green: 6 };
  if (bits === 16 && rgb === "7c00 3e0 1f") return { kind: "rgb16", green: 5 };
  if (bits === 24 && rgb === "ff0000 ff00 ff") return { kind: "bytes", size: 3, ...BGR };
  if (bits === 32 && name === "0 0 0 0") return { kind: "bytes", size: 4, ...BGR };
  if (bits !== 32 || !MASKS_32.includes(name)) throw unsupported(`the channel masks ${name}`, { bits, masks });
  const [red, green, blue] = masks.map((mask) => (31 - Math.clz32(mask)) >> 3) as [number, number, number];
  return { kind: "bytes", size: 4, red, green, blue };
}

/** `[256, 3]` RGB; entries that the file lacks are black. */
function readPalette(reader: ByteReader, count: number, size: 3 | 4): Uint8Array {
  if (count > 256) throw unsupported(`a palette of ${count} colors`, { colors: count });
  const stored = reader.bytes.subarray(reader.position, reader.position + count * size);
  reader.position += stored.length;
  const colors = new Uint8Array(256 * 3);
  for (let i = 0; (i + 1) * size <= stored.length; i++) {
    colors[i * 3] = stored[i * size + 2]!;
    colors[i * 3 + 1] = stored[i * size + 1]!;
    colors[i * 3 + 2] = stored[i * size]!;
  }
  return colors;
}

function unsupportedCompression(compression: number, bits: number): ImageError {
  const name = COMPRESSION_NAMES[compression] ?? `number ${compression}`;
  return unsupported(`compression ${name} at ${bits} bits a pixel`, { compression, bits });
}

function unsupported(what: string, details: Record<string, unknown>): ImageError {
  return new ImageError("image/unsupported", `The BMP has ${what}, which is not read. Save it as PNG.`, {
    details: { format: "BMP", ...details },
  });
}
