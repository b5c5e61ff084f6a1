import { InputError } from "../errors.js";
import { assertImage, type Image } from "./image.js";

/** Numbers over a part of a picture, row by row. `[height, width]` */
export interface HeatMap {
  data: ArrayLike<number>;
  width: number;
  height: number;
}

/** Black, violet, red, orange, pale yellow: lighter means more, in gray too. Sampled from matplotlib's "inferno". */
const COLORS = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;
/** How much of the color covers the picture. */
const OPACITY = 0.6;

/**
 * A copy of a picture with a heat map over it: from the lowest number, dark, to the highest, light, with a smooth course between the numbers.
 *
 * @param region that the map covers, in pixels of the picture; the rest is darkened like the lowest number
 * @throws InputError `input/image`, `input/heat`
 */
export function overlayHeat(
  image: Image,
  heat: HeatMap,
  region: { x: number; y: number; width: number; height: number } = {
    x: 0,
    y: 0,
    width: image.width,
    height: image.height,
  },
): Image {
  assertImage(image);
  const values = Array.from(heat.data);
  if (values.length !== heat.width * heat.height || values.length === 0 || !values.every(Number.isFinite))
    throw new InputError(
      "input/heat",
      `A heat map of ${heat.width} x ${heat.height} needs as many finite numbers; found ${values.length}.`,
    );
  const least = values.reduce((low, value) => Math.min(low, value));
  const range = values.reduce((high, value) => Math.max(high, value)) - least || 1;
  const scaled = values.map((value) => (value - least) / range);
  const data = new Uint8Array(image.data.length);
  const columns = axis(image.width, region.x, region.width, heat.width);
  const rows = axis(image.height, region.y, region.height, heat.height);
  let at = 0;
  for (const row of rows)
    for (const column of columns) {
      const color = colorOf(row && column ? between(scaled, heat.width, row, column) : 0);
      for (const value of color) {
        data[at] = Math.round(image.data[at]! * (1 - OPACITY) + value * OPACITY);
        at++;
      }
    }
  return { data, width: image.width, height: image.height, channels: 3 };
}

/** The two numbers that a pixel's center is between, and how far it is from the first to the second. */
interface Place {
  first: number;
  second: number;
  part: number;
}

/** For each pixel along an axis; undefined outside the region. */
function axis(pixels: number, from: number, length: number, count: number): (Place | undefined)[] {
  return Array.from({ length: pixels }, (_, pixel) => {
    const at = ((pixel + 0.5 - from) / length) * count;
    if (!(at >= 0 && at <= count)) return undefined;
    const inside = Math.min(Math.max(at - 0.5, 0), count - 1);
    const first = Math.floor(inside);
    return { first, second: Math.min(first + 1, count - 1), part: inside - first };
  });
}

function between(values: readonly number[], width: number, row: Place, column: Place): number {
  const along = (y: number) =>
    values[y * width + column.first]! * (1 - column.part) + values[y * width + column.second]! * column.part;
  return along(row.first) * (1 - row.part) + along(row.second) * row.part;
}

/** @param value from 0 to 1 */
function colorOf(value: number): number[] {
  const at = value * (COLORS.length - 1);
  const index = Math.min(COLORS.length - 2, Math.floor(at));
  return COLORS[index]!.map((color, channel) => color + (COLORS[index + 1]![channel]! - color) * (at - index));
}
