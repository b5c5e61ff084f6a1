import { InputError } from "../errors.js";

/** Decoded pixels: 8-bit RGB in reading order, `[height, width, 3]`. */
export interface Image {
  /** `height * width * 3` values, 0-255. */
  readonly data: Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  readonly channels: 3;
}

/** A black image. `width` and `height` in pixels, trusted: the caller checked them. */
export function blankImage(width: number, height: number): Image {
  return { data: new Uint8Array(width * height * 3), width, height, channels: 3 };
}

/**
 * Refuses an object that only looks like an image, before its pixels are read.
 *
 * @throws InputError `input/image` when a side is no positive whole number or `data` has another length
 */
export function assertImage(image: Image): void {
  const { data, width, height, channels } = (image ?? {}) as Partial<Image>;
  const sound =
    data instanceof Uint8Array &&
    isSide(width) &&
    isSide(height) &&
    channels === 3 &&
    data.length === width * height * channels;
  if (sound) return;
  throw new InputError(
    "input/image",
    `An image of [${height}, ${width}, ${channels}] with ${data?.length} values was given; wanted a Uint8Array of height * width * 3 values, in reading order, RGB.`,
  );
}

/** Whether `value` can be a side of an image: a whole number of pixels, at least 1. */
export function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
