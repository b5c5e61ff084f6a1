import type { Image } from "../../images/image.js";
import { resizeImage } from "../../images/resize-image.js";

/** Every face is judged at this side, so that a large face in focus and a small one are comparable. */
const SIDE = 64;
/** Below this variance (gray levels squared) there is nothing but noise and rounding. */
const LEAST_VARIANCE = 4;

/**
 * How much of an image's contrast lies in its finest detail: the variance of the Laplacian over that of the gray values, at 64 x 64
 * pixels. 0 for a flat image; independent of brightness and contrast. A small image is not enlarged: it has no finer detail to lose.
 * `[height, width, 3]`
 */
export function sharpnessOf(image: Image): number {
  const width = Math.min(SIDE, image.width);
  const height = Math.min(SIDE, image.height);
  const { data } = resizeImage(image, { width, height, filter: "bilinear" });
  // ITU-R BT.601, as Pillow's "L".
  const gray = Float64Array.from(
    { length: width * height },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
  const contrast = variance(gray);
  if (contrast < LEAST_VARIANCE || width < 3 || height < 3) return 0;
  const laplacian: number[] = [];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      laplacian.push(gray[i - 1]! + gray[i + 1]! + gray[i - width]! + gray[i + width]! - 4 * gray[i]!);
    }
  return variance(laplacian) / contrast;
}

function variance(values: ArrayLike<number> & Iterable<number>): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.max(0, squares / values.length - (sum / values.length) ** 2);
}
