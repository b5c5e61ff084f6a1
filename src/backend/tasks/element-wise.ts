import { defineTask, share, type Task } from "../task.js";
import type { FunctionBuilder } from "../wasm/function-builder.js";
import { gelu, geluSlope, mapFloats, sigmoid } from "../wasm/functions.js";
import { load, loadReal, type Vector, vectorZero } from "../wasm/values.js";

const UNARY = { each: "int", count: "int", x: "int", y: "int" } as const;
export type UnaryTask = Task<typeof UNARY>;

function unary(name: string, formula: (f: FunctionBuilder, x: Vector) => Vector): UnaryTask {
  return defineTask(name, UNARY, (f, v, { task }) => {
    const { first, last } = share(f, task, v.each, v.count);
    const x = f.int(v.x.add(first.shiftLeft(2)));
    const y = f.int(v.y.add(first.shiftLeft(2)));
    mapFloats(f, { inputs: [x], output: y, count: f.int(last.sub(first)) }, (value) => formula(f, value!));
  });
}

/** y = formula(x), element by element. */
export const unaryTasks = {
  gelu: unary("gelu", gelu),
  relu: unary("relu", (_, x) => x.atLeast(vectorZero())),
  sigmoid: unary("sigmoid", sigmoid),
  square: unary("square", (_, x) => x.mul(x)),
  squareRoot: unary("squareRoot", (_, x) => x.sqrt()),
  negative: unary("negative", (_, x) => x.neg()),
};

const BINARY = {
  rowsPerTask: "int",
  rows: "int",
  columns: "int",
  count: "int",
  a: "int",
  b: "int",
  y: "int",
  /** Bytes from one row's b to the next; 0 where all rows share it. */
  bStride: "int",
  /** 1 where a row has a single b. */
  isSingle: "int",
} as const;
export type BinaryTask = Task<typeof BINARY>;

function binary(name: string, formula: (f: FunctionBuilder, a: Vector, b: Vector) => Vector): BinaryTask {
  return defineTask(name, BINARY, (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const skipped = f.int(first.mul(v.columns));
    const a = f.int(v.a.add(skipped.shiftLeft(2)));
    const y = f.int(v.y.add(skipped.shiftLeft(2)));
    const left = f.int(v.count.sub(skipped));
    f.for(first, last, 1, (row) => {
      const b = f.int(v.b.add(row.mul(v.bStride)));
      const count = f.int(v.columns.min(left));
      left.set(left.sub(count));
      f.if(
        v.isSingle,
        () => {
          const single = f.vector(loadReal(b).splat());
          mapFloats(f, { inputs: [a], output: y, count }, (value) => formula(f, value!, single));
        },
        () => mapFloats(f, { inputs: [a, b], output: y, count }, (value, other) => formula(f, value!, other!)),
      );
    });
  });
}

/** y[row, column] = formula(a[row, column], b[row or 0, column or 0]); the last row may be short. */
export const binaryTasks = {
  add: binary("add", (_, a, b) => a.add(b)),
  sub: binary("sub", (_, a, b) => a.sub(b)),
  multiply: binary("multiplyElements", (_, a, b) => a.mul(b)),
  divide: binary("divideElements", (_, a, b) => a.div(b)),
  swiglu: binary("swiglu", (f, gate, value) => gate.mul(sigmoid(f, gate)).mul(value)),
  /** a is the slope of what comes after, b what the GELU got. */
  geluGradient: binary("geluGradient", (f, dy, x) => dy.mul(geluSlope(f, x))),
};

/**
 * Turns neighboring channels of each head by the token's angles: x cos + swapped x · signed sin. Tokens before the first angle are copied.
 * The tables are `[tokens - prefix, size]`, the sines of even channels negative.
 */
export const rotary = defineTask(
  "rotary",
  {
    rowsPerTask: "int",
    rows: "int",
    tokens: "int",
    prefix: "int",
    heads: "int",
    size: "int",
    x: "int",
    y: "int",
    sin: "int",
    cos: "int",
  },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const rowBytes = f.int(v.heads.mul(v.size).shiftLeft(2));
    const x = f.int(v.x.add(first.mul(rowBytes)));
    const y = f.int(v.y.add(first.mul(rowBytes)));
    f.for(first, last, 1, (row) => {
      const token = f.int(row.rem(v.tokens));
      f.if(
        token.less(v.prefix),
        () => {
          f.copyBytes(y, x, rowBytes);
          x.increase(rowBytes);
          y.increase(rowBytes);
        },
        () => {
          const start = f.int(token.sub(v.prefix).mul(v.size).shiftLeft(2));
          const bytes = f.int(v.size.shiftLeft(2));
          f.for(0, v.heads, 1, () => {
            f.for(start, start.add(bytes), 16, (at) => {
              const value = f.vector(load(x));
              const swapped = value.shuffle(value, [1, 0, 3, 2]);
              f.store(y, f.multiplyAdd(swapped, load(v.sin.add(at)), value.mul(load(v.cos.add(at)))));
              x.increase(16);
              y.increase(16);
            });
          });
        },
      );
    });
  },
);

/** `[batch, height, width, channels]` → rows of `[channel][y][x]`, one a patch. A task is one row of patches. */
export const imagePatches = defineTask(
  "imagePatches",
  {
    image: "int",
    output: "int",
    height: "int",
    width: "int",
    channels: "int",
    patchHeight: "int",
    patchWidth: "int",
    rows: "int",
    columns: "int",
  },
  (f, v, { task }) => {
    const picture = f.int(task.div(v.rows).mul(v.height));
    const top = f.int(picture.add(task.rem(v.rows).mul(v.patchHeight)));
    const pixel = f.int(v.channels.shiftLeft(2));
    const patch = f.int(v.patchHeight.mul(v.patchWidth).mul(pixel));
    const to = f.int(v.output.add(task.mul(v.columns).mul(patch)));
    f.for(0, v.columns, 1, (column) => {
      f.for(0, v.channels, 1, (channel) => {
        f.for(0, v.patchHeight, 1, (y) => {
          const start = top.add(y).mul(v.width).add(column.mul(v.patchWidth)).mul(pixel);
          const from = f.int(v.image.add(start).add(channel.shiftLeft(2)));
          f.for(0, v.patchWidth, 1, () => {
            f.storeReal(to, loadReal(from));
            to.increase(4);
            from.increase(pixel);
          });
        });
      });
    });
  },
);
