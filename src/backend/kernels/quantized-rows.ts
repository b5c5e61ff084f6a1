import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { quantizeRows } from "../tasks/quantize.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { quantizedGroups, quantizedWords } from "../wasm/quantized-tiles.js";

/** That are quantized by a task. */
const FLOATS_PER_TASK = 32768;

/** Where a tensor's rows are as small integers, and their scales and starts, `[rows, groups]`. */
export interface QuantizedRows {
  start: number;
  scales: number;
  starts: number;
  /** Words of 32 bits in a row. */
  words: number;
}

/** The left side of a quantized product: x as rows of `width`, quantized once for all products that read it. */
export function quantizedRows(backend: VitrailBackend, x: TensorInfo, width: number): QuantizedRows {
  const { kind } = backend.plan.quantized;
  const rows = util.sizeFromShape(x.shape) / width;
  const words = quantizedWords(width, kind);
  const groups = quantizedGroups(width, kind);
  const place = (start: number) => {
    const scales = start + rows * words * 4;
    return { start, scales, starts: scales + rows * groups * 4, words };
  };
  const bytes = rows * (words + 2 * groups) * 4;
  return place(
    backend.copyOf(x, width, bytes, (source, target) => {
      const { start: y, scales, starts } = place(target);
      const rowsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / width));
      const values = { rowsPerTask, rows, width, groups, x: source, y, yStride: words * 4, scales, starts };
      backend.pool.run(quantizeRows, values, Math.ceil(rows / rowsPerTask));
    }),
  );
}
