import type { Image } from "../../images/image.js";
import { type Corners, warpPerspective } from "../../images/warp-perspective.js";

/** The square around a picture, black where the picture ends. */
export interface Letterbox {
  /** `[size, size, 3]` */
  readonly pixels: Image;
  /** Side of the square, in pixels of the picture: its longer side. */
  readonly side: number;
  /** Where the square begins, in pixels of the picture: zero or negative, and halves where the sides differ by an odd number. */
  readonly left: number;
  readonly top: number;
}

/** The square around the whole picture, sampled to `size` x `size` pixels exactly as MediaPipe does. */
export function letterbox(image: Image, size: number): Letterbox {
  const side = Math.max(image.width, image.height);
  const left = (image.width - side) / 2;
  const top = (image.height - side) / 2;
  const corners: Corners = [
    { x: left, y: top + side },
    { x: left, y: top },
    { x: left + side, y: top },
    { x: left + side, y: top + side },
  ];
  return { pixels: warpPerspective(image, corners, { width: size, height: size }), side, left, top };
}
