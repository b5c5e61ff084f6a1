import { backend_util, util } from "@tensorflow/tfjs-core";
import { sumColumns as sumColumnsTask, sumRows } from "../tasks/sum.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import type { Kernel } from "./define-kernel.js";

/** So that a task takes some 20 µs. */
const FLOATS_PER_TASK = 32768;
/** Long chains of sums are inexact, so columns are summed in parts of at most this many rows. */
const ROWS_PER_PART = 128;

/** y[width] = factor · sum over the rows of x[rows, width], both addresses. */
export function sumColumns(
  backend: VitrailBackend,
  { x, y, rows, width, factor = 1 }: { x: number; y: number; rows: number; width: number; factor?: number },
): void {
  const parts = Math.ceil(rows / ROWS_PER_PART);
  const columnsPerTask = Math.ceil(FLOATS_PER_TASK / Math.min(rows, ROWS_PER_PART));
  const tasksPerPart = Math.ceil(width / columnsPerTask);
  const partial = parts === 1 ? y : backend.scratch(parts * width * 4);
  const cut = { rowsPerPart: ROWS_PER_PART, columnsPerTask, tasksPerPart };
  const values = { ...cut, rows, width, x, partial, factor: parts === 1 ? factor : 1 };
  backend.pool.run(sumColumnsTask, values, parts * tasksPerPart);
  if (parts > 1) sumColumns(backend, { x: partial, y, rows: parts, width, factor });
}

/** More dispatches than this are not worth it: many small sums. */
const MOST_DISPATCHES = 64;

/** A shape as `[outer, reduced, inner]`, where the reduced axes are neighbors. */
function sides(
  shape: number[],
  axis: number | number[],
): { outer: number; reduced: number; inner: number } | undefined {
  const axes = util.parseAxisParam(axis, shape).sort((a, b) => a - b);
  const isRun = axes.every((one, i) => one === axes[0]! + i);
  if (!isRun || axes.length === 0) return undefined;
  const size = (from: number, to?: number) => util.sizeFromShape(shape.slice(from, to));
  const [first, end] = [axes[0]!, axes.at(-1)! + 1];
  return { outer: size(0, first), reduced: size(first, end), inner: size(end) };
}

function summing(name: string, factorOf: (count: number) => number): Kernel {
  return {
    name,
    accepts({ x }, { axis }) {
      const cut = sides(x!.shape, axis);
      return cut !== undefined && (cut.inner === 1 || cut.outer <= MOST_DISPATCHES);
    },
    compute(backend, { x }, { axis, keepDims }: { axis: number | number[]; keepDims: boolean }) {
      const axes = util.parseAxisParam(axis, x!.shape);
      const { outer, reduced, inner } = sides(x!.shape, axis)!;
      const [shape] = backend_util.computeOutAndReduceShapes(x!.shape, axes);
      const out = backend.output(keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape);
      const from = backend.address(x!);
      const factor = factorOf(reduced);
      if (inner === 1) {
        const rowsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / reduced));
        const values = { rowsPerTask, rows: outer, width: reduced, x: from, y: out.start, factor };
        backend.pool.run(sumRows, values, Math.ceil(outer / rowsPerTask));
        return out;
      }
      for (let i = 0; i < outer; i++) {
        const [x, y] = [from + i * reduced * inner * 4, out.start + i * inner * 4];
        backend.withScratch(() => sumColumns(backend, { x, y, rows: reduced, width: inner, factor }));
      }
      return out;
    },
  };
}

export const sum = summing("Sum", () => 1);
export const mean = summing("Mean", (count) => 1 / count);
