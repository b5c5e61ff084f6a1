import { blankImage, type Image } from "../image.js";
import { inverseDct } from "./jpeg/inverse-dct.js";
import { readCoefficients } from "./jpeg/read-coefficients.js";
import { upsample } from "./jpeg/upsample.js";
import type { JpegOutline } from "./jpeg-markers.js";

/** BT.601 in libjpeg's fixed point (jdcolor.c): factors x 2^16. */
const FIXED_BITS = 16;
const HALF = 1 << (FIXED_BITS - 1);
const RED_FROM_CR = 91881;
const GREEN_FROM_CB = -22554;
const GREEN_FROM_CR = -46802;
const BLUE_FROM_CB = 116130;
/** The Adobe marker's transform of plain CMYK; with any other, the first three components are YCbCr. */
const ADOBE_PLAIN = 0;

/**
 * Decodes a JPEG of four components to RGB as Pillow does: inks are stored inverted (Adobe's way), and no profile is used.
 *
 * @throws ImageError `image/corrupt`, `image/truncated`, `image/unsupported`
 */
export function decodeCmykJpeg(bytes: Uint8Array, outline: JpegOutline): Image {
  const { width, height, components, adobeTransform } = outline;
  const maxAcross = Math.max(...components.map(({ across }) => across));
  const maxDown = Math.max(...components.map(({ down }) => down));
  const planes = readCoefficients(bytes, outline).map((plane) => {
    const { across, down } = plane.component;
    const columns = Math.ceil((width * across) / maxAcross);
    const rows = Math.ceil((height * down) / maxDown);
    const size = { columns, rows, across: maxAcross / across, down: maxDown / down };
    return upsample(inverseDct(plane), size, width, height);
  });
  const [first, second, third, black] = planes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (adobeTransform !== undefined && adobeTransform !== ADOBE_PLAIN) toInks(first, second, third);
  const image = blankImage(width, height);
  for (let pixel = 0, to = 0; pixel < width * height; pixel++) {
    const light = black[pixel]!;
    image.data[to++] = light - scaled(255 - first[pixel]!, light);
    image.data[to++] = light - scaled(255 - second[pixel]!, light);
    image.data[to++] = light - scaled(255 - third[pixel]!, light);
  }
  return image;
}

/** YCbCr to the inks cyan, magenta and yellow, in place. */
function toInks(first: Uint8Array, second: Uint8Array, third: Uint8Array): void {
  for (let pixel = 0; pixel < first.length; pixel++) {
    const luma = first[pixel]!;
    const cb = second[pixel]! - 128;
    const cr = third[pixel]! - 128;
    first[pixel] = toByte(255 - (luma + ((RED_FROM_CR * cr + HALF) >> FIXED_BITS)));
    second[pixel] = toByte(255 - (luma + ((GREEN_FROM_CB * cb + GREEN_FROM_CR * cr + HALF) >> FIXED_BITS)));
    third[pixel] = toByte(255 - (luma + ((BLUE_FROM_CB * cb + HALF) >> FIXED_BITS)));
  }
}

/** `a * b / 255`, rounded as Pillow's `MULDIV255`. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, value));
}
