import { defineTask, share } from "../task.js";
import { mapFloats, sumFloats } from "../wasm/functions.js";
import type { Vector } from "../wasm/values.js";

/** y[row] = factor · sum of x[row, :] */
export const sumRows = defineTask(
  "sumRows",
  { rowsPerTask: "int", rows: "int", width: "int", x: "int", y: "int", factor: "real" },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const x = f.int(v.x.add(first.mul(v.width).shiftLeft(2)));
    const y = f.int(v.y.add(first.shiftLeft(2)));
    f.for(first, last, 1, () => {
      f.storeReal(y, sumFloats(f, { input: x, count: v.width }).mul(v.factor));
      x.increase(v.width.shiftLeft(2));
      y.increase(4);
    });
  },
);

/** Rows that are added to each other before they are added to the sums: an eighth of the passes, and of the roundings at the sums' size. */
const ROWS_AT_ONCE = 8;

/** Sum by halves. */
function pairwise(values: readonly Vector[]): Vector {
  const half = values.length / 2;
  return values.length === 1 ? values[0]! : pairwise(values.slice(0, half)).add(pairwise(values.slice(half)));
}

/**
 * partial[part, :] = factor · sum over the part's rows of x[row, :]; a task is some columns of a part. Parts are cut by sizes alone, so that the
 * order of the sums, and with it every bit, does not depend on the threads. A second dispatch sums the partial sums.
 */
export const sumColumns = defineTask(
  "sumColumns",
  {
    rowsPerPart: "int",
    rows: "int",
    width: "int",
    columnsPerTask: "int",
    tasksPerPart: "int",
    x: "int",
    partial: "int",
    factor: "real",
  },
  (f, v, { task }) => {
    const part = f.int(task.div(v.tasksPerPart));
    const { first, last } = share(f, part, v.rowsPerPart, v.rows);
    const columns = share(f, task.rem(v.tasksPerPart), v.columnsPerTask, v.width);
    const count = f.int(columns.last.sub(columns.first));
    const bytes = f.int(v.width.shiftLeft(2));
    const along = f.int(columns.first.shiftLeft(2));
    const sums = f.int(v.partial.add(part.mul(bytes)).add(along));
    const x = f.int(v.x.add(first.mul(bytes)).add(along));
    f.clearBytes(sums, count.shiftLeft(2));
    const addRows = (rowsAtOnce: number) => {
      const rows = Array.from({ length: rowsAtOnce }, (_, i) => f.int(x.add(bytes.mul(i))));
      const to = f.int(sums);
      mapFloats(f, { inputs: [to, ...rows], output: to, count }, (sum, ...values) => sum!.add(pairwise(values)));
      x.increase(bytes.mul(rowsAtOnce));
      left.set(left.sub(rowsAtOnce));
    };
    const left = f.int(last.sub(first));
    f.while(left.atLeast(ROWS_AT_ONCE), () => addRows(ROWS_AT_ONCE));
    f.while(left, () => addRows(1));
    const factor = f.vector(v.factor.splat());
    mapFloats(f, { inputs: [sums], output: sums, count }, (sum) => sum!.mul(factor));
  },
);
