import { InputError } from "../errors.js";
import { assertImage, blankImage, type Image, isSide } from "./image.js";

/** A part of an image; all in whole pixels, `left` and `top` from the upper left corner. */
export interface CropRegion {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How a center crop rounds an odd remainder: down (Hugging Face), or half to even (timm, through Python's `round`). */
export type CenterRounding = "down" | "half-to-even";

/**
 * Cuts out a region. `[height, width, 3]` → `[region.height, region.width, 3]`; what lies outside the image is black.
 *
 * @throws InputError `input/image`, `input/size`
 */
export function crop(image: Image, { left, top, width, height }: CropRegion): Image {
  assertImage(image);
  if (!isSide(width) || !isSide(height) || !Number.isSafeInteger(left) || !Number.isSafeInteger(top))
    throw new InputError(
      "input/size",
      `A crop of ${width} x ${height} at (${left}, ${top}) was asked for; wanted whole pixels, at least 1 x 1.`,
    );
  const result = blankImage(width, height);
  const first = Math.max(0, left);
  const last = Math.min(image.width, left + width);
  if (first >= last) return result;
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const row = (top + y) * image.width;
    result.data.set(image.data.subarray((row + first) * 3, (row + last) * 3), (y * width + first - left) * 3);
  }
  return result;
}

/** Cuts a region out of the middle. @throws InputError `input/image`, `input/size` */
export function centerCrop(image: Image, width: number, height: number, rounding: CenterRounding): Image {
  const left = centerOffset(image.width, width, rounding);
  const top = centerOffset(image.height, height, rounding);
  return crop(image, { left, top, width, height });
}

function centerOffset(size: number, cropped: number, rounding: CenterRounding): number {
  const spare = size - cropped;
  // Too small a picture gets its black border from torchvision (half down on the near side) or Hugging Face (half up).
  if (spare < 0) return rounding === "down" ? Math.floor(spare / 2) : Math.ceil(spare / 2);
  if (spare % 2 === 0 || rounding === "down") return Math.floor(spare / 2);
  return 2 * Math.round(spare / 4);
}
