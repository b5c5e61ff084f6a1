interface Grid {
  rows: number;
  columns: number;
}

/** One output's inputs along an axis, clamped to the edge, and their weights. */
interface Taps {
  indices: number[];
  weights: number[];
}

/**
 * Resamples learned positions to another grid of patches; the class token's stays. Computed in double, rounded once.
 *
 * `bicubic`: as Hugging Face's `interpolate_pos_encoding` (PyTorch's bicubic, a = -0.75, no antialiasing).
 * `bicubic-antialias`: as timm's `resample_abs_pos_embed` (a = -0.5, widened when the grid shrinks).
 *
 * @param positions `[1, 1 + from.rows * from.columns, width]`
 * @returns `[1, 1 + to.rows * to.columns, width]`
 */
export function resizePositions(
  positions: Float32Array,
  from: Grid,
  to: Grid,
  filter: "bicubic" | "bicubic-antialias",
): Float32Array {
  const width = positions.length / (1 + from.rows * from.columns);
  const taps = filter === "bicubic" ? bicubicTaps : antialiasedTaps;
  const rows = taps(from.rows, to.rows);
  const columns = taps(from.columns, to.columns);
  const resized = new Float32Array((1 + to.rows * to.columns) * width);
  resized.set(positions.subarray(0, width));
  const sums = new Float64Array(width);
  for (let row = 0; row < to.rows; row++) {
    for (let column = 0; column < to.columns; column++) {
      sums.fill(0);
      rows[row]!.indices.forEach((fromRow, i) => {
        columns[column]!.indices.forEach((fromColumn, j) => {
          const weight = rows[row]!.weights[i]! * columns[column]!.weights[j]!;
          const begin = (1 + fromRow * from.columns + fromColumn) * width;
          for (let channel = 0; channel < width; channel++) sums[channel]! += weight * positions[begin + channel]!;
        });
      });
      resized.set(sums, (1 + row * to.columns + column) * width);
    }
  }
  return resized;
}

/** Keys' cubic convolution kernel. */
function cubic(x: number, a: number): number {
  const distance = Math.abs(x);
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
  return 0;
}

/** Four neighbors of each output's place; those outside are the edge's. (PyTorch `upsample_bicubic2d`, align_corners=False) */
function bicubicTaps(from: number, to: number): Taps[] {
  return Array.from({ length: to }, (_, output) => {
    const center = (output + 0.5) * (from / to) - 0.5;
    const first = Math.floor(center) - 1;
    const places = [0, 1, 2, 3].map((offset) => first + offset);
    return {
      indices: places.map((place) => Math.min(from - 1, Math.max(0, place))),
      weights: places.map((place) => cubic(center - place, -0.75)),
    };
  });
}

/** All inputs below a kernel that is as wide as the shrinking asks for; those outside do not count. (PyTorch `_upsample_bicubic2d_aa`) */
function antialiasedTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: to }, (_, output) => {
    const center = (output + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
    const end = Math.min(from, Math.trunc(center + 2 * stretch + 0.5));
    const indices = Array.from({ length: end - begin }, (_, i) => begin + i);
    const weights = indices.map((index) => cubic((index - center + 0.5) / stretch, -0.5));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { indices, weights: weights.map((weight) => weight / sum) };
  });
}
