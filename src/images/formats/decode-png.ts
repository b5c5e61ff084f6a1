import { ImageError } from "../../errors.js";
import { blankImage } from "../image.js";
import { inflateUntil } from "../inflate.js";
import type { DecodeContext } from "../limits.js";
import type { DecodedPicture } from "./decoded-picture.js";
import { COLOR_TYPE, type PngFile, readPngChunks } from "./png-chunks.js";
import { PngRows, pngPasses } from "./png-rows.js";

/** Writes `count` pixels of a row as RGB, the first to byte `to`, each next one `step` bytes on. */
type PixelWriter = (samples: Uint8Array, count: number, to: number, step: number) => void;

/** Deflate can't do better: 258 bytes from 2 bits. */
const MAX_DEFLATE_RATIO = 1032;
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/**
 * Decodes every PNG type as Pillow does: alpha, tRNS, gamma and profiles are ignored; 16-bit color keeps its high byte;
 * 16-bit gray follows `context.gray16`; of an animation, the picture that plain readers show.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/too-large`; `signal.reason` when aborted
 */
export async function decodePng(bytes: Uint8Array, context: DecodeContext): Promise<DecodedPicture> {
  const file = readPngChunks(bytes, context);
  const { width, height, bits, colorType, isInterlaced } = file.header;
  const passes = pngPasses(width, height, isInterlaced);
  const bitsPerPixel = bits * CHANNELS[colorType];
  const wanted = PngRows.byteLength(passes, bitsPerPixel);
  if (file.imageData.length * MAX_DEFLATE_RATIO < wanted) throw truncated(file.imageData.length, wanted);

  const image = blankImage(width, height);
  const write = pixelWriter(file, image.data, context.gray16);
  const rows = new PngRows(passes, bitsPerPixel, (samples, { x, y, stepX, stepY, columns }, row) =>
    write(samples, columns, ((y + row * stepY) * width + x) * 3, stepX * 3),
  );
  const end = await inflateUntil(file.imageData, rows.take, context.signal);
  if (rows.unknownFilter !== undefined) throw corrupt(`has a row with filter ${rows.unknownFilter}`);
  if (end === "corrupt") throw corrupt("holds no valid compressed data");
  if (!rows.isDone) throw truncated(file.imageData.length, wanted);
  return { image, exif: file.exif, xmp: file.xmp };
}

function pixelWriter({ header, palette }: PngFile, rgb: Uint8Array, gray16: "clip" | "scale"): PixelWriter {
  const { bits, colorType } = header;
  if (colorType === COLOR_TYPE.rgb || colorType === COLOR_TYPE.rgba) {
    const sample = bits / 8;
    const size = sample * CHANNELS[colorType];
    return (samples, count, to, step) => {
      for (let i = 0, from = 0; i < count; i++, from += size, to += step) {
        rgb[to] = samples[from]!;
        rgb[to + 1] = samples[from + sample]!;
        rgb[to + 2] = samples[from + 2 * sample]!;
      }
    };
  }
  if (colorType === COLOR_TYPE.grayAlpha || bits === 16) {
    const size = (bits / 8) * CHANNELS[colorType];
    const clips = colorType === COLOR_TYPE.gray && gray16 === "clip";
    return (samples, count, to, step) => {
      for (let i = 0, from = 0; i < count; i++, from += size, to += step) {
        const high = samples[from]!;
        rgb.fill(clips ? (high > 0 ? 255 : samples[from + 1]!) : high, to, to + 3);
      }
    };
  }
  const colors = colorType === COLOR_TYPE.palette ? palette : grayRamp(bits);
  const mask = 2 ** bits - 1;
  return (samples, count, to, step) => {
    for (let i = 0; i < count; i++, to += step) {
      const bit = i * bits;
      const color = ((samples[bit >> 3]! >> (8 - bits - (bit & 7))) & mask) * 3;
      rgb[to] = colors[color]!;
      rgb[to + 1] = colors[color + 1]!;
      rgb[to + 2] = colors[color + 2]!;
    }
  };
}

/** `[2 ** bits, 3]`: black to white in even steps. */
function grayRamp(bits: number): Uint8Array {
  const step = 255 / (2 ** bits - 1);
  return Uint8Array.from({ length: 2 ** bits * 3 }, (_, i) => Math.floor(i / 3) * step);
}

function corrupt(what: string): ImageError {
  return new ImageError("image/corrupt", `The PNG ${what}. It is damaged: get it again.`, {
    details: { format: "PNG" },
  });
}

function truncated(stored: number, wanted: number): ImageError {
  return new ImageError(
    "image/truncated",
    `The PNG's ${stored} bytes of compressed pixels end before the ${wanted} bytes that they must inflate to. It is incomplete: get it again.`,
    { details: { format: "PNG", compressed: stored, wanted } },
  );
}
