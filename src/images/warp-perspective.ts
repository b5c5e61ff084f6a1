import { blankImage, type Image } from "./image.js";

/** In pixels; (0, 0) is the middle of the top left pixel. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** In the order of OpenCV's `boxPoints`: bottom left, top left, top right, bottom right. */
export type Corners = readonly [Point, Point, Point, Point];

/** What lies outside of the picture: OpenCV's `BORDER_CONSTANT` 0, or the nearest pixel, `BORDER_REPLICATE`. */
export type Border = "black" | "replicate";

/** A 3x3 matrix in reading order. */
type Matrix = readonly number[];

/** OpenCV places samples on a grid of 1/32 pixel (`INTER_BITS` 5). */
const STEPS_BITS = 5;
const STEPS = 1 << STEPS_BITS;
/** OpenCV starts the sums of a row's coordinates anew every so many columns (`BLOCK_SZ`); the last bit depends on it. */
const BLOCK = 64;

/**
 * Samples the quadrilateral `corners` of a picture onto `width` x `height` pixels: byte for byte what OpenCV 4.11's
 * `warpPerspective(INTER_LINEAR)` gives after `getPerspectiveTransform`, and so what MediaPipe feeds its models.
 * Corner maps to corner (no half-pixel shift, no antialiasing).
 */
export function warpPerspective(
  image: Image,
  corners: Corners,
  { width, height, border = "black" }: { width: number; height: number; border?: Border },
): Image {
  const warped = blankImage(width, height);
  const map = invert(perspectiveTransform(corners, boxCorners(width, height)));
  for (let y = 0; y < height; y++)
    for (let block = 0; block < width; block += BLOCK) {
      const startX = map[0]! * block + map[1]! * y + map[2]!;
      const startY = map[3]! * block + map[4]! * y + map[5]!;
      const startW = map[6]! * block + map[7]! * y + map[8]!;
      for (let step = 0; step < Math.min(BLOCK, width - block); step++) {
        const scale = STEPS / (startW + map[6]! * step);
        const sourceX = roundHalfEven((startX + map[0]! * step) * scale);
        const sourceY = roundHalfEven((startY + map[3]! * step) * scale);
        sample(image, sourceX, sourceY, border, warped.data, (y * width + block + step) * 3);
      }
    }
  return warped;
}

/** The corners of a whole picture, in the order of `Corners`. */
function boxCorners(width: number, height: number): Corners {
  return [
    { x: 0, y: height },
    { x: 0, y: 0 },
    { x: width, y: 0 },
    { x: width, y: height },
  ];
}

/** Mixes the four pixels around a place given in 1/32 pixels, and writes one RGB value. */
function sample(image: Image, sourceX: number, sourceY: number, border: Border, into: Uint8Array, at: number): void {
  const { data, width, height } = image;
  const left = sourceX >> STEPS_BITS;
  const top = sourceY >> STEPS_BITS;
  const right = sourceX & (STEPS - 1);
  const down = sourceY & (STEPS - 1);
  if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height) {
    sampleBorder(image, { left, top, right, down }, border, into, at);
    return;
  }
  const upperRow = (top * width + left) * 3;
  const lowerRow = upperRow + width * 3;
  for (let channel = 0; channel < 3; channel++) {
    const upper = data[upperRow + channel]! * (STEPS - right) + data[upperRow + channel + 3]! * right;
    const lower = data[lowerRow + channel]! * (STEPS - right) + data[lowerRow + channel + 3]! * right;
    into[at + channel] = mix(upper, lower, down);
  }
}

/** The same where not all four pixels lie in the picture. */
function sampleBorder(
  { data, width, height }: Image,
  { left, top, right, down }: Record<"left" | "top" | "right" | "down", number>,
  border: Border,
  into: Uint8Array,
  at: number,
): void {
  for (let channel = 0; channel < 3; channel++) {
    const value = (x: number, y: number) => {
      const nearX = Math.min(Math.max(x, 0), width - 1);
      const nearY = Math.min(Math.max(y, 0), height - 1);
      if (border === "black" && (nearX !== x || nearY !== y)) return 0;
      return data[(nearY * width + nearX) * 3 + channel]!;
    };
    const upper = value(left, top) * (STEPS - right) + value(left + 1, top) * right;
    const lower = value(left, top + 1) * (STEPS - right) + value(left + 1, top + 1) * right;
    into[at + channel] = mix(upper, lower, down);
  }
}

function mix(upper: number, lower: number, down: number): number {
  return (upper * (STEPS - down) + lower * down + (STEPS * STEPS) / 2) >> (2 * STEPS_BITS);
}

/**
 * As C's `lrint` in its default mode, which OpenCV uses: at this size a double has no digits after the point, and rounds them off half to
 * even. For values below 2^51.
 */
function roundHalfEven(value: number): number {
  return value + ROUNDER - ROUNDER;
}
const ROUNDER = 1.5 * 2 ** 52;

/** The perspective that takes four points to four others: OpenCV's `getPerspectiveTransform`, with its order of rounding. */
function perspectiveTransform(from: Corners, to: Corners): Matrix {
  const rows: number[][] = [];
  for (const axis of ["x", "y"] as const)
    for (const [corner, source] of from.entries()) {
      // OpenCV keeps points as float32 and multiplies them as such.
      const [x, y, target] = [Math.fround(source.x), Math.fround(source.y), Math.fround(to[corner]![axis])];
      const own = [x, y, 1];
      const none = [0, 0, 0];
      rows.push([
        ...(axis === "x" ? [...own, ...none] : [...none, ...own]),
        Math.fround(-x * target),
        Math.fround(-y * target),
        target,
      ]);
    }
  return [...solve(rows), 1];
}

/** Solves `size` linear equations, the right-hand side in the last column, by OpenCV's LU elimination; destroys `rows`. */
function solve(rows: number[][]): number[] {
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const upper = rows[column]!;
    const scale = -1 / upper[column]!;
    for (const lower of rows.slice(column + 1)) {
      const factor = lower[column]! * scale;
      for (let k = column + 1; k <= size; k++) lower[k]! += factor * upper[k]!;
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    let rest = rows[row]![size]!;
    for (let k = row + 1; k < size; k++) rest -= rows[row]![k]! * solution[k]!;
    solution[row] = rest / rows[row]![row]!;
  }
  return solution;
}

/** The inverse by cofactors, with OpenCV's order of rounding. */
function invert(matrix: Matrix): Matrix {
  const [a, b, c, d, e, f, g, h, i] = matrix as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const scale = 1 / (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g));
  return [
    (e * i - f * h) * scale,
    (c * h - b * i) * scale,
    (b * f - c * e) * scale,
    (f * g - d * i) * scale,
    (a * i - c * g) * scale,
    (c * d - a * f) * scale,
    (d * h - e * g) * scale,
    (b * g - a * h) * scale,
    (a * e - b * d) * scale,
  ];
}
