import { ImageError } from "../../errors.js";
import { blankImage } from "../image.js";
import type { DecodeContext } from "../limits.js";
import { type BmpHeader, type BmpPixels, readBmpHeader } from "./bmp-header.js";
import { unpackBmpRle } from "./bmp-rle.js";
import type { DecodedPicture } from "./decoded-picture.js";

/** Writes the pixels of one row, stored from byte `from` on, as RGB to `to`. */
type RowWriter = (from: number, to: number) => void;

/**
 * Decodes BMP as Pillow does: OS/2 and Windows headers, 1 to 32 bits, RLE, either row order; alpha is dropped.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/unsupported`, `image/too-large`
 */
export function decodeBmp(bytes: Uint8Array, context: DecodeContext): DecodedPicture {
  const header = readBmpHeader(bytes, context);
  const { width, height, rows, pixels } = header;
  const isRle = pixels.kind === "rle";
  const stored = isRle ? unpackBmpRle(bytes, header.offset, pixels.bits, width, height) : bytes;
  const bits = isRle ? 8 : bitsOf(pixels);
  const offset = isRle ? 0 : header.offset;
  // Rows are padded to whole 32-bit words; the last one's padding may be missing.
  const stride = isRle ? width : Math.ceil((width * bits) / 32) * 4;
  const needed = offset + (height - 1) * stride + Math.ceil((width * bits) / 8);
  if (needed > stored.length)
    throw new ImageError(
      "image/truncated",
      `The BMP ends after ${stored.length} bytes; its ${width} x ${height} pixels need ${needed}. It is incomplete: get it again.`,
      { details: { format: "BMP", bytes: stored.length, wanted: needed } },
    );
  const image = blankImage(width, height);
  const write = rowWriter(header, bits, stored, image.data);
  for (let row = 0; row < height; row++) {
    const y = rows === "top-down" ? row : height - 1 - row;
    write(offset + row * stride, y * width * 3);
  }
  return { image };
}

function bitsOf(pixels: BmpPixels): number {
  if (pixels.kind === "bytes") return pixels.size * 8;
  return pixels.kind === "rgb16" ? 16 : pixels.bits;
}

function rowWriter({ width, pixels }: BmpHeader, bits: number, stored: Uint8Array, rgb: Uint8Array): RowWriter {
  if (pixels.kind === "bytes") {
    const { size, red, green, blue } = pixels;
    return (from, to) => {
      for (let x = 0; x < width; x++, from += size) {
        rgb[to++] = stored[from + red]!;
        rgb[to++] = stored[from + green]!;
        rgb[to++] = stored[from + blue]!;
      }
    };
  }
  if (pixels.kind === "rgb16") {
    const greenMax = 2 ** pixels.green - 1;
    return (from, to) => {
      for (let x = 0; x < width; x++, from += 2) {
        const pixel = stored[from]! | (stored[from + 1]! << 8);
        rgb[to++] = scale((pixel >> (5 + pixels.green)) & 31, 31);
        rgb[to++] = scale((pixel >> 5) & greenMax, greenMax);
        rgb[to++] = scale(pixel & 31, 31);
      }
    };
  }
  const { colors } = pixels;
  const mask = 2 ** bits - 1;
  return (from, to) => {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const color = ((stored[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask) * 3;
      rgb[to++] = colors[color]!;
      rgb[to++] = colors[color + 1]!;
      rgb[to++] = colors[color + 2]!;
    }
  };
}

/** A channel of 5 or 6 bits to 8, rounded down as Pillow does. */
function scale(value: number, max: number): number {
  return Math.trunc((value * 255) / max);
}
