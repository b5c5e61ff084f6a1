import { InputError } from "../errors.js";
import { assertImage, type Image, isSide } from "./image.js";
import { type AxisTaps, RESIZE_FILTERS, type ResizeFilter, resampleTaps, TAP_BITS } from "./resample-taps.js";

export type { ResizeFilter } from "./resample-taps.js";

export interface ResizeOptions {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  filter: ResizeFilter;
}

/** Half of the last place: what rounds instead of truncating. Sums out of 0-255 are clamped by the array they go to. */
const HALF = 1 << (TAP_BITS - 1);

/**
 * Resizes with antialiasing, equal byte for byte to Pillow 13's `Image.resize((width, height), resample)`.
 *
 * Two passes, one an axis, each rounded to 8 bits; an axis whose size stays is left alone.
 * `[height, width, 3]` → `[options.height, options.width, 3]`; the input is never changed nor shared.
 *
 * @throws InputError `input/image`, `input/size`, `input/filter`
 */
export function resizeImage(image: Image, { width, height, filter }: ResizeOptions): Image {
  assertImage(image);
  if (!isSide(width) || !isSide(height))
    throw new InputError(
      "input/size",
      `A size of ${width} x ${height} was asked for; wanted whole pixels, at least 1.`,
    );
  if (!RESIZE_FILTERS.includes(filter))
    throw new InputError(
      "input/filter",
      `The filter "${filter}" is unknown; wanted one of "${RESIZE_FILTERS.join('", "')}".`,
    );

  const columns = width === image.width ? undefined : resampleTaps(image.width, width, filter);
  const rows = height === image.height ? undefined : resampleTaps(image.height, height, filter);
  let result = image;
  if (rowsFirst(image, width, height)) {
    if (rows) result = resizeRows(result, rows, 0);
    if (columns) result = resizeColumns(result, columns, 0, height);
  } else {
    // Only the rows that the second pass reads go through the first.
    const first = rows && columns ? rows.starts[0]! : 0;
    const last = rows ? rows.starts[height - 1]! + rows.counts[height - 1]! : height;
    if (columns) result = resizeColumns(result, columns, first, last);
    if (rows) result = resizeRows(result, rows, first);
  }
  return result === image ? { ...image, data: image.data.slice() } : result;
}

/** Pillow 13 shrinks the height first where that leaves less work; before 13 it never did, and some tall images differ. */
function rowsFirst(image: Image, width: number, height: number): boolean {
  const shrunk = image.height - height;
  return shrunk > 0 && shrunk > 2 * (image.width - width);
}

/** `[height, width, 3]` → `[last - first, taps, 3]`: every row from `first` to `last` to its new width. */
function resizeColumns(image: Image, { starts, counts, taps, stride }: AxisTaps, first: number, last: number): Image {
  const source = image.data;
  const width = starts.length;
  const data = new Uint8ClampedArray((last - first) * width * 3);
  let to = 0;
  for (let y = first; y < last; y++) {
    const row = y * image.width * 3;
    for (let x = 0; x < width; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = row + starts[x]! * 3;
      const begin = x * stride;
      const end = begin + counts[x]!;
      for (let i = begin; i < end; i++, from += 3) {
        const tap = taps[i]!;
        red = (red + Math.imul(source[from]!, tap)) | 0;
        green = (green + Math.imul(source[from + 1]!, tap)) | 0;
        blue = (blue + Math.imul(source[from + 2]!, tap)) | 0;
      }
      data[to++] = red >> TAP_BITS;
      data[to++] = green >> TAP_BITS;
      data[to++] = blue >> TAP_BITS;
    }
  }
  return { data: new Uint8Array(data.buffer), width, height: last - first, channels: 3 };
}

/** `[height, width, 3]` → `[taps, width, 3]`; row 0 of `image` is row `first` of what the taps were made for. */
function resizeRows(image: Image, { starts, counts, taps, stride }: AxisTaps, first: number): Image {
  const source = image.data;
  const height = starts.length;
  const row = image.width * 3;
  const data = new Uint8ClampedArray(height * row);
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let i = 0; i < counts[y]!; i++) {
      const tap = taps[y * stride + i]!;
      const from = (starts[y]! + i - first) * row;
      for (let x = 0; x < row; x++) sums[x] = sums[x]! + Math.imul(source[from + x]!, tap);
    }
    const to = y * row;
    for (let x = 0; x < row; x++) data[to + x] = sums[x]! >> TAP_BITS;
  }
  return { data: new Uint8Array(data.buffer), width: image.width, height, channels: 3 };
}
