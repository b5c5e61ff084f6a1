import { ImageError } from "../../errors.js";

/**
 * Unpacks RLE4 or RLE8 to one palette index a pixel, in the order stored. `[pixels]`
 *
 * Follows Pillow's `BmpRleDecoder` step by step, in what it does with runs that leave their row, too.
 *
 * @param start where the runs begin, in bytes from the start of the file: their padding is relative to the file
 * @throws ImageError `image/truncated` when the runs end before the picture is full
 */
export function unpackBmpRle(bytes: Uint8Array, start: number, bits: 4 | 8, width: number, height: number): Uint8Array {
  const total = width * height;
  const indices = new Uint8Array(total);
  let at = start;
  let filled = 0;
  let x = 0;
  const put = (index: number) => {
    if (filled < total) indices[filled] = index;
    filled++;
  };

  while (filled < total && at + 1 < bytes.length) {
    const count = bytes[at]!;
    const value = bytes[at + 1]!;
    at += 2;
    if (count > 0) {
      const fitting = Math.min(count, Math.max(0, width - x));
      for (let i = 0; i < fitting; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
      x += fitting;
    } else if (value === 0) {
      filled = Math.ceil(filled / width) * width;
      x = 0;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      if (at + 2 > bytes.length) break;
      filled = Math.min(total, filled + bytes[at]! + bytes[at + 1]! * width);
      at += 2;
      x = filled % width;
    } else {
      const literal = Math.min(total - filled, value);
      const size = bits === 8 ? literal : Math.ceil(literal / 2);
      const stored = bytes.subarray(at, at + size);
      for (let i = 0; i < literal && (bits === 8 ? i : i >> 1) < stored.length; i++)
        put(bits === 8 ? stored[i]! : i % 2 === 0 ? stored[i >> 1]! >> 4 : stored[i >> 1]! & 15);
      at += stored.length;
      if (stored.length < size || filled === total) break;
      x += value;
      at += at % 2;
    }
  }
  if (filled < total)
    throw new ImageError(
      "image/truncated",
      `The runs of the BMP fill ${filled} of ${total} pixels. The file is incomplete: get it again.`,
      { details: { format: "BMP", filled, wanted: total } },
    );
  return indices;
}
