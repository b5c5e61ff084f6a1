import { defineTask, share } from "../task.js";
import type { FunctionBuilder } from "../wasm/function-builder.js";
import { mapFloats, sumFloats } from "../wasm/functions.js";
import { type Int, load, loadSplat, type Vector } from "../wasm/values.js";

/**
 * Slopes of a layer norm. dx for each row, and for each task the sums over its rows of dy · normal and of dy, which become the slopes of gamma
 * and beta. A task's sums are `[task, 2, width]`.
 */
export const layerNormGradient = defineTask(
  "layerNormGradient",
  {
    rowsPerTask: "int",
    rows: "int",
    width: "int",
    x: "int",
    gamma: "int",
    dy: "int",
    dx: "int",
    sums: "int",
    epsilon: "real",
  },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const bytes = f.int(v.width.shiftLeft(2));
    const skipped = f.int(first.mul(bytes));
    const x = f.int(v.x.add(skipped));
    const dy = f.int(v.dy.add(skipped));
    const dx = f.int(v.dx.add(skipped));
    const width = f.real(v.width.toReal());
    const forGamma = f.int(v.sums.add(task.mul(bytes).shiftLeft(1)));
    const forBeta = f.int(forGamma.add(bytes));
    f.clearBytes(forGamma, bytes.shiftLeft(1));
    f.for(first, last, 1, () => {
      const mean = f.vector(sumFloats(f, { input: x, count: v.width }).div(width).splat());
      const squares = sumFloats(f, { input: x, count: v.width }, (value) => {
        const difference = f.vector(value.sub(mean));
        return difference.mul(difference);
      });
      const scale = f.vector(f.constant(1).div(squares.div(width).add(v.epsilon).sqrt().splat()));
      const normal = (value: Vector) => value.sub(mean).mul(scale);

      const [a, b, c, d] = [f.int(x), f.int(dy), f.int(forGamma), f.int(forBeta)];
      mapFloats(f, { inputs: [c, a, b], output: c, count: v.width }, (sum, value, slope) =>
        f.multiplyAdd(slope!, normal(value!), sum!),
      );
      b.set(dy);
      mapFloats(f, { inputs: [d, b], output: d, count: v.width }, (sum, slope) => sum!.add(slope!));

      // dx = scale (g - mean(g) - normal · mean(g · normal)) with g = dy · gamma
      const meanSlope = f.vector(
        dot(f, v.width, (read, at) => read(dy, at).mul(read(v.gamma, at)))
          .div(width)
          .splat(),
      );
      const along = f.vector(
        dot(f, v.width, (read, at) =>
          read(dy, at)
            .mul(read(v.gamma, at))
            .mul(normal(read(x, at))),
        )
          .div(width)
          .splat(),
      );
      const gamma = f.int(v.gamma);
      mapFloats(f, { inputs: [x, dy, gamma], output: dx, count: v.width }, (value, slope, weight) =>
        slope!.mul(weight!).sub(meanSlope).sub(normal(value!).mul(along)).mul(scale),
      );
      // mapFloats has moved x, dy and dx to the next row.
    });
  },
);

/** Sum over `count` floats of what `term` makes of the values at the same byte offset of several arrays. */
function dot(f: FunctionBuilder, count: Int, term: (read: (start: Int, offset: Int) => Vector, offset: Int) => Vector) {
  const sums = f.vector();
  const rest = f.vector();
  const offset = f.int(0);
  const readFour = (start: Int, at: Int) => load(start.add(at));
  const readOne = (start: Int, at: Int) => loadSplat(start.add(at));
  f.while(offset.less(count.and(-4).shiftLeft(2)), () => {
    sums.set(sums.add(term(readFour, offset)));
    offset.increase(16);
  });
  f.while(offset.less(count.shiftLeft(2)), () => {
    rest.set(rest.add(term(readOne, offset)));
    offset.increase(4);
  });
  return f.real(sums.sumOfLanes().add(rest.lane(0)));
}
