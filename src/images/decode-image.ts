import { ImageError, InputError } from "../errors.js";
import { decodeBmp } from "./formats/decode-bmp.js";
import { decodeJpeg } from "./formats/decode-jpeg.js";
import { decodePng } from "./formats/decode-png.js";
import { decodeWebp } from "./formats/decode-webp.js";
import type { DecodedPicture } from "./formats/decoded-picture.js";
import type { Image } from "./image.js";
import { DEFAULT_LIMITS, type DecodeContext, type DecodeLimits } from "./limits.js";
import { readOrientation } from "./orientation.js";
import { describeForeignFormat, type ImageFormat, sniffFormat } from "./sniff-format.js";
import { turnImage } from "./turn-image.js";

export interface DecodeOptions extends DecodeLimits {
  /**
   * 16-bit gray PNG to 8 bits. `"clip"` (default): values above 255 become white, as Pillow's `convert("RGB")` does, so
   * that models see what they see in Python. `"scale"`: the high byte, as other decoders do and people expect.
   */
  gray16?: "clip" | "scale";
  signal?: AbortSignal;
}

type Decoder = (bytes: Uint8Array, context: DecodeContext) => DecodedPicture | Promise<DecodedPicture>;
const DECODERS: Record<ImageFormat, Decoder> = { jpeg: decodeJpeg, png: decodePng, webp: decodeWebp, bmp: decodeBmp };

/**
 * Decodes JPEG, PNG, WebP or BMP to upright RGB pixels `[height, width, 3]`, equal byte for byte to Pillow 13's
 * `ImageOps.exif_transpose(image).convert("RGB")`.
 *
 * The format is told by the bytes, and every limit is checked before pixels are decoded.
 *
 * @throws ImageError `image/empty`, `image/unsupported-format` (another format), `image/unsupported` (a variant that is not
 *   read), `image/too-large`, `image/truncated`, `image/corrupt`; InputError `input/image`, `input/decode-options`;
 *   `signal.reason` when aborted
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  options.signal?.throwIfAborted();
  if (!(bytes instanceof Uint8Array))
    throw new InputError(
      "input/image",
      `Encoded bytes must be a Uint8Array; found ${bytes === null ? "null" : typeof bytes}.`,
    );
  const context = checkOptions(options);
  const { maxBytes } = context.limits;
  if (bytes.length === 0)
    throw new ImageError("image/empty", "The image has no bytes. Was the upload or download cut off?");
  if (bytes.length > maxBytes)
    throw new ImageError(
      "image/too-large",
      `The image has ${bytes.length} bytes; ${maxBytes} are allowed. Raise "maxBytes" if that is wanted.`,
      {
        details: { bytes: bytes.length, maxBytes },
      },
    );
  const format = sniffFormat(bytes);
  if (!format)
    throw new ImageError(
      "image/unsupported-format",
      `Found ${describeForeignFormat(bytes)}; JPEG, PNG, WebP and BMP are read.`,
    );
  const { image, ...turn } = await DECODERS[format](bytes, context);
  options.signal?.throwIfAborted();
  return turnImage(image, readOrientation(turn));
}

function checkOptions({ gray16 = "clip", signal, ...given }: DecodeOptions): DecodeContext {
  if (gray16 !== "clip" && gray16 !== "scale")
    throw new InputError("input/decode-options", `"gray16" is ${JSON.stringify(gray16)}; wanted "clip" or "scale".`);
  const limit = (name: keyof DecodeLimits): number => {
    const value = given[name] ?? DEFAULT_LIMITS[name];
    if (typeof value === "number" && value > 0) return value;
    throw new InputError("input/decode-options", `"${name}" is ${String(value)}; wanted a positive number.`);
  };
  const limits = { maxPixels: limit("maxPixels"), maxSide: limit("maxSide"), maxBytes: limit("maxBytes") };
  return { limits, gray16, signal };
}
