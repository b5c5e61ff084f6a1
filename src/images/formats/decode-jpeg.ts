import { ImageError } from "../../errors.js";
import type { DecodeContext } from "../limits.js";
import { dropAlpha, WasmCodec } from "../wasm-codec.js";
import { decodeCmykJpeg } from "./decode-cmyk-jpeg.js";
import type { DecodedPicture } from "./decoded-picture.js";
import { readCoefficients } from "./jpeg/read-coefficients.js";
import { type JpegOutline, outlineJpeg } from "./jpeg-markers.js";

const codec = new WasmCodec("jpeg");

/**
 * Decodes 8-bit JPEG (sequential and progressive; gray, YCbCr, RGB, CMYK, YCCK) as libjpeg-turbo does within Pillow.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/unsupported`, `image/too-large`
 */
export async function decodeJpeg(bytes: Uint8Array, context: DecodeContext): Promise<DecodedPicture> {
  const outline = outlineJpeg(bytes, context);
  const { width, height, exif, xmp } = outline;
  if (!outline.isComplete) refuseIncomplete(bytes, outline);
  // The library refuses four components.
  if (outline.components.length === 4) return { image: decodeCmykJpeg(bytes, outline), exif, xmp };
  const decoded = await codec.decode(bytes);
  if (!decoded || decoded.width !== width || decoded.height !== height)
    throw corrupt("has broken tables or scans", { width, height });
  return { image: { data: dropAlpha(decoded.data), width, height, channels: 3 }, exif, xmp };
}

/** Without an end marker a library would fill in gray; our own reader tells whether pixels are missing, too. */
function refuseIncomplete(bytes: Uint8Array, outline: JpegOutline): never {
  readCoefficients(bytes, outline);
  throw corrupt("lacks its end marker");
}

function corrupt(what: string, details: Record<string, unknown> = {}): ImageError {
  return new ImageError("image/corrupt", `The JPEG ${what}. It is damaged: get it again.`, {
    details: { format: "JPEG", ...details },
  });
}
