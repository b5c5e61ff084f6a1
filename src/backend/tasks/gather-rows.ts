import { defineTask, share } from "../task.js";
import { mapFloats } from "../wasm/functions.js";
import { loadReal } from "../wasm/values.js";

/** Axes of the output before its last. */
export const OUTER_AXES = 4;

/**
 * The output row by row, each float from where strides along the output's axes say: any transposition of up to five axes. Sizes of the outer
 * axes but the first, and strides in bytes.
 */
export const gatherRows = defineTask(
  "gatherRows",
  {
    rowsPerTask: "int",
    rows: "int",
    width: "int",
    x: "int",
    y: "int",
    size1: "int",
    size2: "int",
    size3: "int",
    stride0: "int",
    stride1: "int",
    stride2: "int",
    stride3: "int",
    strideLast: "int",
  },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const y = f.int(v.y.add(first.mul(v.width).shiftLeft(2)));
    f.for(first, last, 1, (row) => {
      const x = f.int(v.x);
      const rest = f.int(row);
      for (const [size, stride] of [
        [v.size3, v.stride3],
        [v.size2, v.stride2],
        [v.size1, v.stride1],
      ] as const) {
        x.increase(rest.rem(size).mul(stride));
        rest.set(rest.div(size));
      }
      x.increase(rest.mul(v.stride0));
      f.if(
        v.strideLast.equals(4),
        () => mapFloats(f, { inputs: [x], output: y, count: v.width }, (value) => value!),
        () =>
          f.for(0, v.width, 1, () => {
            f.storeReal(y, loadReal(x));
            x.increase(v.strideLast);
            y.increase(4);
          }),
      );
    });
  },
);
