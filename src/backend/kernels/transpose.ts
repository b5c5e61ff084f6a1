import { util } from "@tensorflow/tfjs-core";
import { gatherRows, OUTER_AXES } from "../tasks/gather-rows.js";
import { transpose as transposeTask } from "../tasks/transpose.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import type { Kernel } from "./define-kernel.js";

/** So that a task takes some 20 µs. */
const FLOATS_PER_TASK = 16384;

/** y[columns, rows] = x[rows, columns]ᵀ, both addresses. */
export function transposeMatrix(backend: VitrailBackend, x: number, y: number, rows: number, columns: number): void {
  const groupsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / 4 / columns));
  backend.pool.run(transposeTask, { groupsPerTask, x, y, rows, columns }, Math.ceil(rows / 4 / groupsPerTask));
}

/** A transposition with neighboring axes that stay together joined to one, and axes of one left out. */
export function simplify(
  shape: readonly number[],
  permutation: readonly number[],
): { shape: number[]; permutation: number[] } {
  const groups: number[][] = [];
  for (const axis of permutation.filter((axis) => shape[axis] !== 1)) {
    const last = groups.at(-1);
    const previous = last?.at(-1);
    const follows =
      previous !== undefined && shape.slice(previous + 1, axis).every((size) => size === 1) && previous < axis;
    if (follows) last!.push(axis);
    else groups.push([axis]);
  }
  const inOrder = [...groups].sort((a, b) => a[0]! - b[0]!);
  return {
    shape: inOrder.map((group) => group.reduce((size, axis) => size * shape[axis]!, 1)),
    permutation: groups.map((group) => inOrder.indexOf(group)),
  };
}

export const transpose: Kernel = {
  name: "Transpose",
  accepts: ({ x }, { perm }) => simplify(x!.shape, perm).shape.length <= OUTER_AXES + 1,
  compute(backend, { x }, { perm }: { perm: number[] }) {
    const out = backend.output(perm.map((axis) => x!.shape[axis]!));
    const from = backend.address(x!);
    const { shape, permutation } = simplify(x!.shape, perm);
    if (permutation.length === 2 && permutation[0] === 1) {
      transposeMatrix(backend, from, out.start, shape[0]!, shape[1]!);
      return out;
    }
    const stride = (axis: number) => util.sizeFromShape(shape.slice(axis + 1)) * 4;
    const width = shape[permutation.at(-1)!] ?? 1;
    const rows = util.sizeFromShape(shape) / width;
    const rowsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / width));
    const outer = permutation.slice(0, -1);
    const missing = OUTER_AXES - outer.length;
    const sizes = [...Array(missing).fill(1), ...outer.map((axis) => shape[axis]!)];
    const strides = [...Array(missing).fill(0), ...outer.map(stride)];
    backend.pool.run(
      gatherRows,
      {
        rowsPerTask,
        rows,
        width,
        x: from,
        y: out.start,
        size1: sizes[1],
        size2: sizes[2],
        size3: sizes[3],
        stride0: strides[0],
        stride1: strides[1],
        stride2: strides[2],
        stride3: strides[3],
        strideLast: permutation.length > 0 ? stride(permutation.at(-1)!) : 4,
      },
      Math.ceil(rows / rowsPerTask),
    );
    return out;
  },
};
