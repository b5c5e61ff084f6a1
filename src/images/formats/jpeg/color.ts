import type { JpegOutline } from "../jpeg-markers.js";

/** Turns one row of each component, `[width]`, into RGB from byte `at` on; the array clamps what is out of range. */
export type RowColor = (components: Uint8Array[], rgb: Uint8ClampedArray, at: number) => void;

/** BT.601 in libjpeg's fixed point (jdcolor.c): factors x 2^16. */
const FIXED_BITS = 16;
const HALF = 1 << (FIXED_BITS - 1);
const RED_FROM_CR = 91881;
const GREEN_FROM_CB = -22554;
const GREEN_FROM_CR = -46802;
const BLUE_FROM_CB = 116130;

/** What libjpeg guesses a JPEG's components to be (jdapimin.c), followed by what Pillow makes of them. */
export function rowColor({ components, hasJfif, adobeTransform }: JpegOutline): RowColor {
  if (components.length === 1) return grayToRgb;
  if (components.length === 4) return adobeTransform === undefined || adobeTransform === 0 ? inksToRgb : ycckToRgb;
  if (hasJfif) return yccToRgb;
  if (adobeTransform !== undefined) return adobeTransform === 0 ? copyRgb : yccToRgb;
  return components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB" ? copyRgb : yccToRgb;
}

function grayToRgb([gray]: Uint8Array[], rgb: Uint8ClampedArray, at: number): void {
  for (let x = 0; x < gray!.length; x++) rgb[at++] = rgb[at++] = rgb[at++] = gray![x]!;
}

function copyRgb([red, green, blue]: Uint8Array[], rgb: Uint8ClampedArray, at: number): void {
  for (let x = 0; x < red!.length; x++) {
    rgb[at++] = red![x]!;
    rgb[at++] = green![x]!;
    rgb[at++] = blue![x]!;
  }
}

function yccToRgb([lumas, cbs, crs]: Uint8Array[], rgb: Uint8ClampedArray, at: number): void {
  for (let x = 0; x < lumas!.length; x++) {
    const luma = lumas![x]!;
    const cb = cbs![x]! - 128;
    const cr = crs![x]! - 128;
    rgb[at++] = luma + ((RED_FROM_CR * cr + HALF) >> FIXED_BITS);
    rgb[at++] = luma + ((GREEN_FROM_CB * cb + GREEN_FROM_CR * cr + HALF) >> FIXED_BITS);
    rgb[at++] = luma + ((BLUE_FROM_CB * cb + HALF) >> FIXED_BITS);
  }
}

/** Pillow takes all inks as stored inverted, Adobe's way: 255 is no ink. */
function inksToRgb([cyan, magenta, yellow, black]: Uint8Array[], rgb: Uint8ClampedArray, at: number): void {
  for (let x = 0; x < black!.length; x++) {
    const light = black![x]!;
    rgb[at++] = light - scaled(255 - cyan![x]!, light);
    rgb[at++] = light - scaled(255 - magenta![x]!, light);
    rgb[at++] = light - scaled(255 - yellow![x]!, light);
  }
}

/** YCbCr of the inverted inks, and black as it is. */
function ycckToRgb([luma, cb, cr, black]: Uint8Array[], rgb: Uint8ClampedArray, at: number): void {
  yccToRgb([luma!, cb!, cr!], rgb, at);
  for (let x = 0; x < black!.length; x++) {
    const light = black![x]!;
    for (let channel = 0; channel < 3; channel++, at++) rgb[at] = light - scaled(rgb[at]!, light);
  }
}

/** `a * b / 255`, rounded as Pillow's `MULDIV255`. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
