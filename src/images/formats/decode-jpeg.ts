import { ImageError } from "../../errors.js";
import { blankImage } from "../image.js";
import type { DecodeContext } from "../limits.js";
import type { DecodedPicture } from "./decoded-picture.js";
import { rowColor } from "./jpeg/color.js";
import { inverseDct } from "./jpeg/inverse-dct.js";
import { readCoefficients } from "./jpeg/read-coefficients.js";
import { rowUpsampler } from "./jpeg/upsample.js";
import { outlineJpeg } from "./jpeg-markers.js";

/**
 * Decodes 8-bit JPEG (sequential and progressive; gray, YCbCr, RGB, CMYK, YCCK) as libjpeg-turbo does within Pillow.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/unsupported`, `image/too-large`; `signal.reason` when aborted
 */
export function decodeJpeg(bytes: Uint8Array, context: DecodeContext): DecodedPicture {
  const outline = outlineJpeg(bytes, context);
  const { width, height, components, exif, xmp } = outline;
  const planes = readCoefficients(bytes, outline);
  if (!outline.isComplete)
    throw new ImageError("image/corrupt", "The JPEG lacks its end marker. It may be incomplete: get it again.", {
      details: { format: "JPEG" },
    });
  const maxAcross = Math.max(...components.map(({ across }) => across));
  const maxDown = Math.max(...components.map(({ down }) => down));
  const upsamplers = components.map(({ across, down }) => {
    context.signal?.throwIfAborted();
    const columns = Math.ceil((width * across) / maxAcross);
    const rows = Math.ceil((height * down) / maxDown);
    // Taken off the list: its frequencies are garbage as soon as the samples are there.
    const plane = inverseDct(planes.shift()!);
    return rowUpsampler(plane, { columns, rows, across: maxAcross / across, down: maxDown / down });
  });
  const image = blankImage(width, height);
  const rgb = new Uint8ClampedArray(image.data.buffer);
  const toRgb = rowColor(outline);
  const samples = components.map(() => new Uint8Array(width));
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < upsamplers.length; i++) upsamplers[i]!(y, samples[i]!);
    toRgb(samples, rgb, y * width * 3);
  }
  return { image, exif, xmp };
}
