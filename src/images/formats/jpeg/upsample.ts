import { ImageError } from "../../../errors.js";
import type { SamplePlane } from "./inverse-dct.js";

/** A component's own size, and the picture's samples for each of its own. */
export interface Upsampling {
  /** Samples across and down that lie within the picture. */
  readonly columns: number;
  readonly rows: number;
  /** 1 to 4; fractions are refused. */
  readonly across: number;
  readonly down: number;
}

/** Writes one row of the picture's size, `[width]`. */
export type RowUpsampler = (y: number, target: Uint8Array) => void;

/**
 * Enlarges a component to the picture's size, row by row, as libjpeg does with "fancy upsampling": triangle filters where
 * it has them (2x across, 2x down, both), replication elsewhere.
 *
 * @throws ImageError `image/unsupported` for fractional ratios
 */
export function rowUpsampler(plane: SamplePlane, { columns, rows, across, down }: Upsampling): RowUpsampler {
  if (!Number.isInteger(across) || !Number.isInteger(down))
    throw new ImageError(
      "image/unsupported",
      "The JPEG has components of fractional size ratios. Save it as plain JPEG or PNG.",
      {
        details: { format: "JPEG", across, down },
      },
    );
  const row = (y: number) => {
    const clamped = Math.max(0, Math.min(rows - 1, y));
    return plane.data.subarray(clamped * plane.stride, clamped * plane.stride + columns);
  };
  // A triangle needs neighbors: libjpeg falls back to replication for components of one or two columns.
  const isSmoothAcross = across === 2 && columns > 2;
  if (across === 1 && down === 1) return (y, target) => target.set(row(y));
  if (down === 1 && isSmoothAcross) return (y, target) => spread(row(y), target, 2, 1, 2);
  if (down === 2 && (isSmoothAcross || across === 1)) {
    const sums = new Int32Array(columns);
    return (y, target) => {
      const isUpper = y % 2 === 0;
      const near = row(y >> 1);
      const far = row((y >> 1) + (isUpper ? -1 : 1));
      for (let x = 0; x < columns; x++) sums[x] = near[x]! * 3 + far[x]!;
      if (isSmoothAcross) spread(sums, target, 4, 8, 7);
      else for (let x = 0; x < columns; x++) target[x] = (sums[x]! + (isUpper ? 1 : 2)) >> 2;
    };
  }
  return (y, target) => {
    const near = row(Math.floor(y / down));
    for (let x = 0; x < target.length; x++) target[x] = near[Math.floor(x / across)]!;
  };
}

/** Twice as many: three parts of the nearer sample and one of the farther, alternately rounded down and up. */
function spread(
  near: Uint8ClampedArray | Int32Array,
  to: Uint8Array,
  shift: number,
  roundLeft: number,
  roundRight: number,
): void {
  const last = near.length - 1;
  let before = near[0]!;
  let here = before;
  for (let at = 0; at <= last; at++) {
    const after = at === last ? here : near[at + 1]!;
    const weighted = here * 3;
    // A picture of odd width has no right half in its last pair; writing past the end of `to` does nothing.
    to[2 * at] = (weighted + before + roundLeft) >> shift;
    to[2 * at + 1] = (weighted + after + roundRight) >> shift;
    before = here;
    here = after;
  }
}
