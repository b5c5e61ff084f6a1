import { ImageError } from "../../../errors.js";
import type { SamplePlane } from "./inverse-dct.js";

/** A component's own size and how often each of its samples is repeated. */
export interface Upsampling {
  /** Samples across and down that lie within the picture. */
  readonly columns: number;
  readonly rows: number;
  /** The picture's samples a component's sample, 1 to 4; may be a fraction, which is refused. */
  readonly across: number;
  readonly down: number;
}

/**
 * Enlarges a component to the picture's size as libjpeg does with "fancy upsampling": triangle filters where it has them
 * (2x across, 2x down, both), replication elsewhere. `[rows, columns]` → `[height, width]`
 *
 * @throws ImageError `image/unsupported` for fractional ratios
 */
export function upsample(plane: SamplePlane, from: Upsampling, width: number, height: number): Uint8Array {
  const { across, down, columns, rows } = from;
  if (!Number.isInteger(across) || !Number.isInteger(down))
    throw new ImageError(
      "image/unsupported",
      "The JPEG has components of fractional size ratios. Save it as plain JPEG or PNG.",
      {
        details: { format: "JPEG", across, down },
      },
    );
  const target = new Uint8Array(width * height);
  const row = (y: number) => {
    const clamped = Math.max(0, Math.min(rows - 1, y));
    return plane.data.subarray(clamped * plane.stride, clamped * plane.stride + columns);
  };
  // A triangle needs neighbors: libjpeg falls back to replication for components of one or two columns.
  const isSmoothAcross = across === 2 && columns > 2;
  const sums = new Int32Array(columns);
  for (let y = 0; y < height; y++) {
    const near = row(Math.floor(y / down));
    const to = target.subarray(y * width, (y + 1) * width);
    if (down === 2 && (isSmoothAcross || across === 1)) {
      const isUpper = y % 2 === 0;
      const far = row(Math.floor(y / 2) + (isUpper ? -1 : 1));
      for (let x = 0; x < columns; x++) sums[x] = near[x]! * 3 + far[x]!;
      if (across === 1) for (let x = 0; x < width; x++) to[x] = (sums[x]! + (isUpper ? 1 : 2)) >> 2;
      else spread(sums, to, 4, 8, 7);
    } else if (down === 1 && isSmoothAcross) {
      spread(near, to, 2, 1, 2);
    } else {
      for (let x = 0; x < width; x++) to[x] = near[Math.floor(x / across)]!;
    }
  }
  return target;
}

/** Twice as many: three parts of the nearer sample and one of the farther, alternately rounded down and up. */
function spread(
  near: Uint8Array | Int32Array,
  to: Uint8Array,
  shift: number,
  roundLeft: number,
  roundRight: number,
): void {
  const last = near.length - 1;
  for (let x = 0; x < to.length; x++) {
    const at = x >> 1;
    const isLeft = (x & 1) === 0;
    const neighbor = near[isLeft ? Math.max(0, at - 1) : Math.min(last, at + 1)]!;
    to[x] = (near[at]! * 3 + neighbor + (isLeft ? roundLeft : roundRight)) >> shift;
  }
}
