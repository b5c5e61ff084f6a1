import type { Image } from "./image.js";

/** The same picture as `noise()` in tools/reference/pillow_resize.py. `width` and `height` in pixels. */
export function noise(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    if (i % 11 === 0) return 0;
    if (i % 7 === 0) return 255;
    return ((Math.imul(i, 2654435761) + 12345) >>> 0) >>> 24;
  });
  return { data, width, height, channels: 3 };
}
