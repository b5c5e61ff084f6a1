import { ImageError } from "../../errors.js";
import { blankImage, type Image } from "../image.js";
import type { DecodeContext } from "../limits.js";
import type { DecodedPicture } from "./decoded-picture.js";
import { readWebpChunks } from "./webp-chunks.js";
import { WebpDecoder } from "./webp-decoder.js";

/** Compiles nothing until it is first used. */
const decoder = new WebpDecoder();

/**
 * Decodes WebP as libwebp does within Pillow: lossy, lossless, with alpha (dropped), and an animation's first frame on its
 * black canvas.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/too-large`
 */
export async function decodeWebp(bytes: Uint8Array, context: DecodeContext): Promise<DecodedPicture> {
  const { canvas, frame, exif, xmp } = readWebpChunks(bytes, context);
  const decoded = await decoder.decode(frame.still);
  if (!decoded || decoded.width !== frame.width || decoded.height !== frame.height)
    throw new ImageError("image/corrupt", "The WebP's pixels can't be decoded. It is damaged: get it again.", {
      details: { format: "WebP", width: frame.width, height: frame.height },
    });
  const { width, height } = frame;
  const image: Image = { data: dropAlpha(decoded.data), width, height, channels: 3 };
  return { image: placeOnCanvas(image, frame.left, frame.top, canvas), exif, xmp };
}

/** `[height, width, 3]` → `[canvas.height, canvas.width, 3]`, black around the frame. */
function placeOnCanvas(frame: Image, left: number, top: number, canvas: { width: number; height: number }): Image {
  if (frame.width === canvas.width && frame.height === canvas.height) return frame;
  const image = blankImage(canvas.width, canvas.height);
  for (let y = 0; y < frame.height; y++) {
    const row = frame.data.subarray(y * frame.width * 3, (y + 1) * frame.width * 3);
    image.data.set(row, ((top + y) * canvas.width + left) * 3);
  }
  return image;
}

/** `[height, width, 4]` → `[height, width, 3]`: alpha is dropped, not composited. */
function dropAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from]!;
    rgb[to++] = rgba[from + 1]!;
    rgb[to++] = rgba[from + 2]!;
  }
  return rgb;
}
