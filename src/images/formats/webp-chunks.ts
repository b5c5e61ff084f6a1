import { ImageError } from "../../errors.js";
import { ByteReader } from "../byte-reader.js";
import { checkSize, type DecodeContext } from "../limits.js";
import { ascii } from "../sniff-format.js";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The first frame, as a file of its own. */
interface WebpFrame extends Size {
  readonly left: number;
  readonly top: number;
  /** A still WebP file that holds just this frame. */
  readonly still: Uint8Array;
}

export interface WebpFile {
  readonly canvas: Size;
  readonly frame: WebpFrame;
  readonly exif?: Uint8Array;
  readonly xmp?: string;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const RIFF_HEADER = 8;
/** libwebp's `MAX_CHUNK_PAYLOAD`. */
const MAX_RIFF_SIZE = 2 ** 32 - 1 - 8 - 1;
const ANIMATION_FLAG = 2;
const ALPHA_FLAG = 16;

/**
 * Reads the container and the size within the picture's own bits, without decoding.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/too-large`
 */
export function readWebpChunks(bytes: Uint8Array, context: DecodeContext): WebpFile {
  const reader = new ByteReader(bytes, "WebP", "little");
  reader.position = 4;
  const size = reader.uint32();
  if (size > MAX_RIFF_SIZE || size < 12) throw corrupt(`says that it has ${size} bytes`);
  if (size + RIFF_HEADER > bytes.length) throw truncated(bytes.length, size + RIFF_HEADER);
  const chunks = readChunks(bytes.subarray(12, size + RIFF_HEADER));
  const first = chunks[0]!;
  if (first.type === "VP8X") return readExtended(first.data, chunks.slice(1), context);
  if (first.type !== "VP8 " && first.type !== "VP8L")
    throw corrupt(`begins with the unknown chunk ${JSON.stringify(first.type)}`);
  const canvas = bitstreamSize(first);
  checkSize("WebP", canvas.width, canvas.height, context);
  return { canvas, frame: { ...canvas, left: 0, top: 0, still: stillFile([first], canvas) } };
}

/** A file with a header chunk: alpha, animation, metadata. */
function readExtended(header: Uint8Array, chunks: Chunk[], context: DecodeContext): WebpFile {
  const reader = new ByteReader(header, "WebP", "little");
  const flags = reader.uint8();
  reader.take(3);
  const canvas = { width: uint24(reader) + 1, height: uint24(reader) + 1 };
  checkSize("WebP", canvas.width, canvas.height, context);
  const metadata = {
    exif: chunks.find(({ type }) => type === "EXIF")?.data,
    xmp: textOf(chunks.find(({ type }) => type === "XMP ")),
  };
  if (!(flags & ANIMATION_FLAG)) {
    const frame = frameOf(chunks, canvas, 0, 0);
    if (frame.width !== canvas.width || frame.height !== canvas.height)
      throw corrupt("has a picture of another size than its canvas");
    return { canvas, frame, ...metadata };
  }
  const animated = chunks.find(({ type }) => type === "ANMF");
  if (!animated) throw corrupt("is an animation without frames");
  const body = new ByteReader(animated.data, "WebP", "little");
  const [left, top] = [uint24(body) * 2, uint24(body) * 2];
  const [width, height] = [uint24(body) + 1, uint24(body) + 1];
  body.take(4); // duration, blending: nothing lies below the first frame
  const frame = frameOf(readChunks(body.take(body.remaining)), canvas, left, top);
  if (frame.width !== width || frame.height !== height) throw corrupt("has a frame of another size than it says");
  return { canvas, frame, ...metadata };
}

function frameOf(chunks: Chunk[], canvas: Size, left: number, top: number): WebpFrame {
  const pixels = chunks.find(({ type }) => type === "VP8 " || type === "VP8L");
  if (!pixels) throw corrupt("has no pixels");
  const size = bitstreamSize(pixels);
  if (left + size.width > canvas.width || top + size.height > canvas.height)
    throw corrupt("has a frame outside its canvas");
  const alpha = pixels.type === "VP8 " ? chunks.find(({ type }) => type === "ALPH") : undefined;
  return { ...size, left, top, still: stillFile(alpha ? [alpha, pixels] : [pixels], size) };
}

/** All whole chunks; only trailing bytes that can't be a chunk may follow them. */
function readChunks(bytes: Uint8Array): Chunk[] {
  const reader = new ByteReader(bytes, "WebP", "little", "image/truncated");
  const chunks: Chunk[] = [];
  while (reader.remaining >= 8 || chunks.length === 0) {
    const type = reader.tag();
    const length = reader.uint32();
    chunks.push({ type, data: reader.take(length) });
    if (length % 2 === 1 && reader.remaining > 0) reader.uint8();
  }
  return chunks;
}

/** Width and height as the coded picture itself says: RFC 6386 (9.1), WebP lossless specification (3). */
function bitstreamSize({ type, data }: Chunk): Size {
  const reader = new ByteReader(data, "WebP", "little", "image/truncated");
  if (type === "VP8L") {
    if (reader.uint8() !== 0x2f) throw corrupt("has a lossless picture without its signature");
    const bits = reader.uint32();
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  const isKeyFrame = (reader.take(3)[0]! & 1) === 0;
  const code = reader.take(3);
  if (!isKeyFrame || code[0] !== 0x9d || code[1] !== 0x01 || code[2] !== 0x2a)
    throw corrupt("has a lossy picture without its start code");
  return { width: reader.uint16() & 0x3fff, height: reader.uint16() & 0x3fff };
}

/** A RIFF file of the given chunks; with alpha it needs a header chunk. */
function stillFile(chunks: Chunk[], { width, height }: Size): Uint8Array {
  const needsHeader = chunks.length > 1;
  const header = {
    type: "VP8X",
    data: new Uint8Array([ALPHA_FLAG, 0, 0, 0, ...bytes24(width - 1), ...bytes24(height - 1)]),
  };
  const all = needsHeader ? [header, ...chunks] : chunks;
  const padded = (length: number) => length + (length % 2);
  const size = 4 + all.reduce((sum, { data }) => sum + 8 + padded(data.length), 0);
  const file = new Uint8Array(RIFF_HEADER + size);
  const view = new DataView(file.buffer);
  file.set(ascii("RIFF"));
  view.setUint32(4, size, true);
  file.set(ascii("WEBP"), 8);
  let at = 12;
  for (const { type, data } of all) {
    file.set(ascii(type), at);
    view.setUint32(at + 4, data.length, true);
    file.set(data, at + 8);
    at += 8 + padded(data.length);
  }
  return file;
}

function uint24(reader: ByteReader): number {
  return reader.uint16() + reader.uint8() * 2 ** 16;
}

function bytes24(value: number): number[] {
  return [value & 255, (value >> 8) & 255, value >> 16];
}

function textOf(chunk: Chunk | undefined): string | undefined {
  return chunk && new TextDecoder("latin1").decode(chunk.data);
}

function corrupt(what: string): ImageError {
  return new ImageError("image/corrupt", `The WebP ${what}. It is damaged: get it again.`, {
    details: { format: "WebP" },
  });
}

function truncated(found: number, wanted: number): ImageError {
  return new ImageError(
    "image/truncated",
    `The WebP ends after ${found} of ${wanted} bytes. It is incomplete: get it again.`,
    {
      details: { format: "WebP", bytes: found, wanted },
    },
  );
}
