import { blankImage, type Image } from "./image.js";
import type { Orientation } from "./orientation.js";

/**
 * Turns a stored picture upright, as Pillow's `ImageOps.exif_transpose`.
 * `[height, width, 3]` → the same, or `[width, height, 3]` for orientations 5 to 8.
 */
export function turnImage(image: Image, orientation: Orientation): Image {
  if (orientation === 1) return image;
  const { width, height, data: source } = image;
  const swapped = orientation >= 5;
  const turned = swapped ? blankImage(height, width) : blankImage(width, height);
  // Where the first pixel comes from, and how far its neighbors to the right and below lie from it, in source pixels.
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const first = (fromRight ? width - 1 : 0) + (fromBottom ? (height - 1) * width : 0);
  const alongRow = fromRight ? -1 : 1;
  const alongColumn = fromBottom ? -width : width;
  const right = swapped ? alongColumn : alongRow;
  const down = swapped ? alongRow : alongColumn;
  let to = 0;
  for (let y = 0; y < turned.height; y++) {
    let from = (first + y * down) * 3;
    for (let x = 0; x < turned.width; x++, from += right * 3) {
      turned.data[to++] = source[from]!;
      turned.data[to++] = source[from + 1]!;
      turned.data[to++] = source[from + 2]!;
    }
  }
  return turned;
}
