import { ImageError } from "../../errors.js";
import { ByteReader } from "../byte-reader.js";
import { crc32 } from "../crc32.js";
import { checkSize, type DecodeContext } from "../limits.js";
import { PngTexts, TEXT_CHUNKS } from "./png-text.js";

/** PNG's own numbers. */
export const COLOR_TYPE = { gray: 0, rgb: 2, palette: 3, grayAlpha: 4, rgba: 6 } as const;
type ColorType = (typeof COLOR_TYPE)[keyof typeof COLOR_TYPE];

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly bits: number;
  readonly colorType: ColorType;
  readonly isInterlaced: boolean;
}

/** A PNG taken apart: everything but the pixels is read. */
export interface PngFile {
  readonly header: PngHeader;
  /** `[256, 3]` RGB; entries that the file lacks are black. */
  readonly palette: Uint8Array;
  /** One zlib stream. */
  readonly imageData: Uint8Array;
  readonly exif?: Uint8Array;
  readonly xmp?: string;
}

const SIGNATURE_LENGTH = 8;
const SAMPLE_BITS: Record<ColorType, number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Fewest bytes that Pillow takes for these; it ignores what they say, except in `fcTL`. */
const SHORTEST: Record<string, number> = { gAMA: 4, cHRM: 32, sRGB: 1, pHYs: 9, acTL: 8, fcTL: 26, IHDR: 13 };

interface Chunk {
  type: string;
  data: Uint8Array;
  /** `missing` where the file ends first. */
  checksum: "right" | "wrong" | "missing";
}

/**
 * Walks the chunks as Pillow does. Before the pixels every chunk must be whole and its checksum right; behind them a chunk
 * is only looked at for metadata, and the file may end anywhere between chunks. Stricter than Pillow in one point: the
 * checksums of the pixels' chunks are verified.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/too-large`
 */
export function readPngChunks(bytes: Uint8Array, context: DecodeContext): PngFile {
  const reader = new ByteReader(bytes, "PNG", "big");
  reader.position = SIGNATURE_LENGTH;
  const texts = new PngTexts();
  const parts: Uint8Array[] = [];
  let header: PngHeader | undefined;
  let palette = new Uint8Array(256 * 3);
  let exif: Uint8Array | undefined;
  let stage: "before" | "pixels" | "behind" = "before";

  while (stage === "before" || reader.remaining >= 8) {
    const chunk = readChunk(reader);
    const { type, data, checksum } = chunk;
    if (!/^\w{4}$/.test(type)) {
      if (stage === "behind") break;
      throw corrupt(`has a chunk named ${JSON.stringify(type)}`);
    }
    if (type === "IEND") break;
    if (!header && type !== "IHDR") throw corrupt(`begins with "${type}" instead of "IHDR"`);
    if (type === "IDAT") {
      if (checksum === "wrong") throw wrongChecksum(type);
      if (stage !== "behind") parts.push(data);
      if (stage === "before") stage = "pixels";
      continue;
    }
    if (stage === "pixels") stage = "behind";
    checkWhole(chunk, stage);
    if (type === "IHDR") {
      if (header) throw corrupt("has two headers");
      header = readHeader(data, context);
    }
    if (type === "PLTE" && stage === "before") palette = readPalette(data, header);
    if (type === "eXIf") exif = data;
    if (type === "fcTL" && stage === "before" && header) checkFirstFrame(data, header);
    if (type === "tRNS" && stage === "before") checkTransparency(data, header);
    if (TEXT_CHUNKS.has(type)) texts.read(type, data);
  }
  if (!header || parts.length === 0) throw corrupt("has no pixels");
  return { header, palette, imageData: join(parts), exif: exif ?? texts.exif, xmp: texts.xmp };
}

function readChunk(reader: ByteReader): Chunk {
  const length = reader.uint32();
  const start = reader.position;
  const type = reader.tag();
  const data = reader.take(Math.min(length, reader.remaining));
  if (data.length < length || reader.remaining < 4) {
    reader.position = reader.bytes.length;
    // Only the checksum's bytes may be missing: then the data are whole.
    return { type, data, checksum: "missing" };
  }
  const isRight = crc32(reader.bytes.subarray(start, reader.position)) === reader.uint32();
  return { type, data, checksum: isRight ? "right" : "wrong" };
}

function checkWhole({ type, data, checksum }: Chunk, stage: "before" | "behind"): void {
  if (stage === "before" && checksum === "wrong") throw wrongChecksum(type);
  if (checksum === "missing")
    throw new ImageError(
      "image/truncated",
      `The PNG ends within its "${type}" chunk. It is incomplete: get it again.`,
      {
        details: { format: "PNG", chunk: type },
      },
    );
  if (data.length < (SHORTEST[type] ?? 0)) throw corrupt(`has a "${type}" chunk of ${data.length} bytes`);
}

function readHeader(data: Uint8Array, context: DecodeContext): PngHeader {
  const reader = new ByteReader(data, "PNG", "big");
  const width = reader.uint32();
  const height = reader.uint32();
  const bits = reader.uint8();
  const colorType = reader.uint8() as ColorType;
  reader.uint8(); // compression: there is one
  const filter = reader.uint8();
  const isInterlaced = reader.uint8() !== 0;
  if (!SAMPLE_BITS[colorType]?.includes(bits)) throw corrupt(`has ${bits} bits in color type ${colorType}`);
  if (filter !== 0) throw corrupt(`uses filter method ${filter}`);
  checkSize("PNG", width, height, context);
  return { width, height, bits, colorType, isInterlaced };
}

function readPalette(data: Uint8Array, header: PngHeader | undefined): Uint8Array<ArrayBuffer> {
  const palette = new Uint8Array(256 * 3);
  if (header?.colorType !== COLOR_TYPE.palette) return palette;
  if (Math.floor(data.length / 3) > 256) throw corrupt(`has a palette of ${Math.floor(data.length / 3)} colors`);
  palette.set(data.subarray(0, data.length - (data.length % 3)));
  return palette;
}

/** An APNG's first frame is the picture itself, so it must cover it. */
function checkFirstFrame(data: Uint8Array, header: PngHeader): void {
  const reader = new ByteReader(data, "PNG", "big");
  const [sequence, width, height, left, top] = [0, 0, 0, 0, 0].map(() => reader.uint32());
  if (sequence !== 0 || left !== 0 || top !== 0 || width !== header.width || height !== header.height)
    throw corrupt("has an animation whose first frame is not the picture");
}

function checkTransparency(data: Uint8Array, header: PngHeader | undefined): void {
  const wanted = header?.colorType === COLOR_TYPE.rgb ? 6 : header?.colorType === COLOR_TYPE.gray ? 2 : 0;
  if (data.length < wanted) throw corrupt(`has a "tRNS" chunk of ${data.length} bytes`);
}

function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function wrongChecksum(type: string): ImageError {
  return corrupt(`has a wrong checksum in its "${type}" chunk`);
}

function corrupt(what: string): ImageError {
  return new ImageError("image/corrupt", `The PNG ${what}. It is damaged: get it again.`, {
    details: { format: "PNG" },
  });
}
