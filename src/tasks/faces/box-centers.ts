import type { BoxGrid } from "../../models/box-model.js";

/**
 * The middle of the cell that each box belongs to, as fractions of the input's side: x, y, x, y, ... MediaPipe's SsdAnchors with
 * `fixed_anchor_size`, whose boxes all have side 1, so that only centers remain. Same order as the model's boxes. → `[boxes, 2]`
 *
 * @param size side of the model's input, pixels
 */
export function boxCenters(size: number, grids: readonly BoxGrid[]): Float64Array {
  const centers: number[] = [];
  for (const { stride, boxesPerCell } of grids) {
    const cells = size / stride;
    for (let row = 0; row < cells; row++)
      for (let column = 0; column < cells; column++)
        for (let box = 0; box < boxesPerCell; box++) centers.push((column + 0.5) / cells, (row + 0.5) / cells);
  }
  return Float64Array.from(centers);
}
