import { defineTask, share } from "../task.js";
import { mapFloats, sumFloats } from "../wasm/functions.js";

/** y = (x - mean) / sqrt(variance + epsilon) · gamma + beta for each row; two passes for the moments. */
export const layerNorm = defineTask(
  "layerNorm",
  {
    rowsPerTask: "int",
    rows: "int",
    width: "int",
    x: "int",
    gamma: "int",
    beta: "int",
    y: "int",
    epsilon: "real",
  },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const skipped = f.int(first.mul(v.width).shiftLeft(2));
    const x = f.int(v.x.add(skipped));
    const y = f.int(v.y.add(skipped));
    const width = f.real(v.width.toReal());
    f.for(first, last, 1, () => {
      const mean = f.vector(sumFloats(f, { input: x, count: v.width }).div(width).splat());
      const squares = sumFloats(f, { input: x, count: v.width }, (value) => {
        const difference = f.vector(value.sub(mean));
        return difference.mul(difference);
      });
      const scale = f.vector(f.constant(1).div(squares.div(width).add(v.epsilon).sqrt().splat()));
      const gamma = f.int(v.gamma);
      const beta = f.int(v.beta);
      mapFloats(f, { inputs: [x, gamma, beta], output: y, count: v.width }, (value, weight, bias) =>
        f.multiplyAdd(value!.sub(mean).mul(scale), weight!, bias!),
      );
    });
  },
);
