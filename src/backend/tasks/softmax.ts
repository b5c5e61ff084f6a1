import { defineTask, share } from "../task.js";
import { mapFloats, maxFloats, powerOfTwo, sumFloats } from "../wasm/functions.js";

/** Softmax of each row. */
export const softmax = defineTask(
  "softmax",
  { rowsPerTask: "int", rows: "int", width: "int", x: "int", y: "int" },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const skipped = f.int(first.mul(v.width).shiftLeft(2));
    const x = f.int(v.x.add(skipped));
    const y = f.int(v.y.add(skipped));
    f.for(first, last, 1, () => {
      const maximum = f.vector(maxFloats(f, { input: x, count: v.width }).splat());
      const start = f.int(y);
      mapFloats(f, { inputs: [x], output: y, count: v.width }, (value) =>
        powerOfTwo(f, value!.sub(maximum).mul(f.constant(Math.LOG2E))),
      );
      const inverse = f.vector(f.constant(1).div(sumFloats(f, { input: start, count: v.width }).splat()));
      mapFloats(f, { inputs: [start], output: start, count: v.width }, (value) => value!.mul(inverse));
    });
  },
);
