/** The two filters of Pillow that image models use; `support` is the radius in source pixels at scale 1. */
const FILTERS = {
  bilinear: {
    support: 1,
    weight: (x: number) => Math.max(0, 1 - Math.abs(x)),
  },
  // Keys' cubic with a = -0.5, in Pillow's order of operations (another order rounds differently).
  bicubic: {
    support: 2,
    weight: (signed: number) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
      return 0;
    },
  },
} as const;

export type ResizeFilter = keyof typeof FILTERS;
export const RESIZE_FILTERS = Object.keys(FILTERS) as ResizeFilter[];

/** Bits after the point in a tap: 32 of an accumulator, less 8 of a pixel, less 2 for overshoot (Pillow, `PRECISION_BITS`). */
export const TAP_BITS = 32 - 8 - 2;

/** For one axis: target pixel `i` is the sum of `counts[i]` source pixels from `starts[i]`, times `taps[i * stride ...]`. */
export interface AxisTaps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Fixed point, `TAP_BITS` after the point; not renormalized to sum to one, as in Pillow. */
  readonly taps: Int32Array;
  readonly stride: number;
}

/** Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` for one axis. Sizes in pixels. */
export function resampleTaps(sourceSize: number, targetSize: number, filter: ResizeFilter): AxisTaps {
  const { support: radius, weight } = FILTERS[filter];
  const scale = sourceSize / targetSize;
  const filterScale = Math.max(scale, 1);
  const support = radius * filterScale;
  const inverse = 1 / filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(targetSize);
  const counts = new Int32Array(targetSize);
  const taps = new Int32Array(targetSize * stride);
  const weights = new Float64Array(stride);
  for (let target = 0; target < targetSize; target++) {
    const center = (target + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(sourceSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      weights[i] = weight((i + start - center + 0.5) * inverse);
      sum += weights[i]!;
    }
    for (let i = 0; i < count; i++) {
      const tap = (sum === 0 ? weights[i]! : weights[i]! / sum) * 2 ** TAP_BITS;
      taps[target * stride + i] = Math.trunc(tap < 0 ? tap - 0.5 : tap + 0.5);
    }
    starts[target] = start;
    counts[target] = count;
  }
  return { starts, counts, taps, stride };
}
