import { assertImage, type Image } from "./image.js";

/** Red, green, blue, 0-255. */
export type Color = readonly [red: number, green: number, blue: number];

export interface Rectangle {
  /** Upper left corner and size, in pixels; fractions are rounded, what lies outside the image is left out. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Draws the outline of a rectangle into `image` itself.
 *
 * @param thickness of the line in pixels, inwards
 * @throws InputError `input/image`
 */
export function drawRectangle(image: Image, rectangle: Rectangle, color: Color, thickness = 2): void {
  assertImage(image);
  const left = Math.round(rectangle.x);
  const top = Math.round(rectangle.y);
  const right = Math.round(rectangle.x + rectangle.width);
  const bottom = Math.round(rectangle.y + rectangle.height);
  const line = Math.min(thickness, right - left, bottom - top);
  fill(image, left, top, right, top + line, color);
  fill(image, left, bottom - line, right, bottom, color);
  fill(image, left, top, left + line, bottom, color);
  fill(image, right - line, top, right, bottom, color);
}

/**
 * Fills a rectangle in `image` itself.
 *
 * @throws InputError `input/image`
 */
export function fillRectangle(image: Image, { x, y, width, height }: Rectangle, color: Color): void {
  assertImage(image);
  fill(image, Math.round(x), Math.round(y), Math.round(x + width), Math.round(y + height), color);
}

/**
 * Draws a filled disk into `image` itself.
 *
 * @param center in pixels
 * @param radius in pixels
 * @throws InputError `input/image`
 */
export function drawDot(image: Image, center: { x: number; y: number }, color: Color, radius = 3): void {
  assertImage(image);
  for (let y = Math.max(0, Math.ceil(center.y - radius)); y <= Math.min(image.height - 1, center.y + radius); y++) {
    const half = Math.sqrt(radius ** 2 - (y - center.y) ** 2);
    fill(image, Math.ceil(center.x - half), y, Math.floor(center.x + half) + 1, y + 1, color);
  }
}

/** Colors the pixels from (`left`, `top`) up to, not including, (`right`, `bottom`), as far as they lie in the image. */
function fill(image: Image, left: number, top: number, right: number, bottom: number, color: Color): void {
  const { data, width, height } = image;
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++)
    for (let x = Math.max(0, left); x < Math.min(width, right); x++) data.set(color, (y * width + x) * 3);
}
