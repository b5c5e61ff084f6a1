import { defineTask, share } from "../task.js";
import { loadReal } from "../wasm/values.js";
import { transposeFour } from "./pack.js";

/** y[columns, rows] = x[rows, columns]ᵀ, a task a group of four rows of x. */
export const transpose = defineTask(
  "transpose",
  { groupsPerTask: "int", x: "int", y: "int", rows: "int", columns: "int" },
  (f, v, { task }) => {
    const groups = v.rows.add(3).div(4);
    const { first, last } = share(f, task, v.groupsPerTask, groups);
    const stride = f.int(v.columns.shiftLeft(2));
    f.for(first, last, 1, (group) => {
      const row = f.int(group.shiftLeft(2));
      const x = f.int(v.x.add(row.mul(stride)));
      const y = f.int(v.y.add(row.shiftLeft(2)));
      f.if(
        row.add(4).lessOrEqual(v.rows),
        () => {
          const rows = [x, f.int(x.add(stride)), f.int(x.add(stride.mul(2))), f.int(x.add(stride.mul(3)))] as const;
          transposeFour(f, "F32", rows, v.columns, y, v.rows.shiftLeft(2));
        },
        () => {
          f.for(row, v.rows, 1, () => {
            const to = f.int(y);
            f.for(0, v.columns, 1, () => {
              f.storeReal(to, loadReal(x));
              x.increase(4);
              to.increase(v.rows.shiftLeft(2));
            });
            y.increase(4);
          });
        },
      );
    });
  },
);
