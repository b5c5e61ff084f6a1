import { type Color, drawDot, drawRectangle } from "../../images/draw.js";
import type { Image } from "../../images/image.js";
import type { Face } from "./face.js";

/** Readable on skin, on light and on dark. */
const BOX: Color = [0, 220, 90];
const LANDMARK: Color = [255, 60, 60];
/** Lines and dots grow with the picture, so that they show in a thumbnail of it. */
const LINE_PER_SIDE = 1 / 250;

/** A copy of the picture with each face's box and landmarks drawn in. `[height, width, 3]` → the same */
export function annotateFaces(image: Image, faces: readonly Face[]): Image {
  const marked: Image = { ...image, data: image.data.slice() };
  const line = Math.max(2, Math.round(Math.min(image.width, image.height) * LINE_PER_SIDE));
  for (const { box, landmarks } of faces) {
    drawRectangle(marked, box, BOX, line);
    for (const point of landmarks) drawDot(marked, point, LANDMARK, Math.max(1.5, box.width / 40));
  }
  return marked;
}
