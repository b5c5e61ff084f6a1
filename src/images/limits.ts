import { ImageError } from "../errors.js";

/** What one picture may cost. All are checked before anything is decoded. */
export interface DecodeLimits {
  /** Most pixels, width x height. Default 50,000,000. */
  maxPixels?: number;
  /** Longest side in pixels. Default 16,384. */
  maxSide?: number;
  /** Most encoded bytes. Default 20 MiB. */
  maxBytes?: number;
}

export const DEFAULT_LIMITS: Required<DecodeLimits> = {
  maxPixels: 50_000_000,
  maxSide: 16_384,
  maxBytes: 20 * 2 ** 20,
};

/** What a format's decoder gets besides the bytes. */
export interface DecodeContext {
  readonly limits: Required<DecodeLimits>;
  readonly gray16: "clip" | "scale";
  readonly signal?: AbortSignal;
}

/**
 * Refuses a header's size before memory is taken for it. Sizes in pixels.
 *
 * @throws ImageError `image/corrupt` for an empty side, `image/too-large`
 */
export function checkSize(format: string, width: number, height: number, { limits }: DecodeContext): void {
  const details = { format, width, height };
  if (width < 1 || height < 1)
    throw new ImageError(
      "image/corrupt",
      `The ${format} header says ${width} x ${height} pixels; wanted at least 1 x 1.`,
      {
        details,
      },
    );
  if (width > limits.maxSide || height > limits.maxSide)
    throw new ImageError(
      "image/too-large",
      `The ${format} is ${width} x ${height} pixels; a side may have ${limits.maxSide}. Shrink it, or raise "maxSide".`,
      { details: { ...details, maxSide: limits.maxSide } },
    );
  if (width * height > limits.maxPixels)
    throw new ImageError(
      "image/too-large",
      `The ${format} has ${width} x ${height} = ${width * height} pixels; ${limits.maxPixels} are allowed. Shrink it, or raise "maxPixels".`,
      { details: { ...details, maxPixels: limits.maxPixels } },
    );
}
