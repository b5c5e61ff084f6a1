import { defineTask, share } from "../task.js";
import { mapFloats, sumFloats } from "../wasm/functions.js";

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

/**
 * partial[task, :] = sum over the task's rows of x[row, :]. Cut by sizes alone, so that the order of the sums, and with it every bit, does not
 * depend on the threads. A second dispatch sums the partial sums.
 */
export const sumColumns = defineTask(
  "sumColumns",
  { rowsPerTask: "int", rows: "int", width: "int", x: "int", partial: "int", factor: "real" },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const bytes = f.int(v.width.shiftLeft(2));
    const sums = f.int(v.partial.add(task.mul(bytes)));
    const x = f.int(v.x.add(first.mul(bytes)));
    f.clearBytes(sums, bytes);
    f.for(first, last, 1, () => {
      const to = f.int(sums);
      mapFloats(f, { inputs: [to, x], output: to, count: v.width }, (sum, value) => sum!.add(value!));
    });
    const factor = f.vector(v.factor.splat());
    mapFloats(f, { inputs: [sums], output: sums, count: v.width }, (sum) => sum!.mul(factor));
  },
);
