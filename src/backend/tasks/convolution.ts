import { defineTask, share } from "../task.js";
import type { FunctionBuilder, IntVariable } from "../wasm/function-builder.js";
import { mapFloats } from "../wasm/functions.js";
import { type Int, load, loadSplat, type Vector, vectorZero } from "../wasm/values.js";

/** How a window moves over pictures `[batch, height, width, channels]`; lengths in pixels. */
const WINDOW = {
  rowsPerTask: "int",
  /** Rows of the output, of all pictures. */
  rows: "int",
  x: "int",
  y: "int",
  height: "int",
  width: "int",
  channels: "int",
  outHeight: "int",
  outWidth: "int",
  filterHeight: "int",
  filterWidth: "int",
  strideDown: "int",
  strideAcross: "int",
  padTop: "int",
  padLeft: "int",
} as const;
type Window = { [K in keyof typeof WINDOW]: IntVariable };

/** Part of a window that lies on the picture. */
interface Place {
  /** Of the output, row by row over all pictures. */
  pixel: Int;
  /** First pixel of the picture's row 0. */
  picture: Int;
  /** Where the window's corner is on the picture; may be negative. */
  top: IntVariable;
  left: IntVariable;
  /** Rows and columns of the window that are on the picture, from first to before last. */
  firstRow: IntVariable;
  lastRow: IntVariable;
  firstColumn: IntVariable;
  lastColumn: IntVariable;
}

/** Runs the body for every output pixel of the task's rows. */
function eachWindow(f: FunctionBuilder, v: Window, task: Int, body: (place: Place) => void): void {
  const { first, last } = share(f, task, v.rowsPerTask, v.rows);
  const pixel = f.int(first.mul(v.outWidth));
  f.for(first, last, 1, (row) => {
    const picture = f.int(v.x.add(row.div(v.outHeight).mul(v.height).mul(v.width).mul(v.channels).shiftLeft(2)));
    const top = f.int(row.rem(v.outHeight).mul(v.strideDown).sub(v.padTop));
    const firstRow = f.int(f.int(0).sub(top).max(0));
    const lastRow = f.int(v.height.sub(top).min(v.filterHeight));
    const left = f.int(f.int(0).sub(v.padLeft));
    f.for(0, v.outWidth, 1, () => {
      const firstColumn = f.int(f.int(0).sub(left).max(0));
      const lastColumn = f.int(v.width.sub(left).min(v.filterWidth));
      body({ pixel, picture, top, left, firstRow, lastRow, firstColumn, lastColumn });
      left.increase(v.strideAcross);
      pixel.increase(1);
    });
  });
}

/** Address of the picture's pixel under a row and column of the window. */
function under(v: Window, { picture, top, left }: Place, row: Int, column: Int): Int {
  return picture.add(top.add(row).mul(v.width).add(left.add(column)).mul(v.channels).shiftLeft(2));
}

/** Every window as a row `[filterHeight, filterWidth, channels]`, zero where it hangs over the edge: a convolution's left side. */
export const windows = defineTask("windows", WINDOW, (f, v, { task }) => {
  const rowBytes = f.int(v.filterWidth.mul(v.channels).shiftLeft(2));
  const pixelBytes = f.int(v.channels.shiftLeft(2));
  eachWindow(f, v, task, (place) => {
    const to = f.int(v.y.add(place.pixel.mul(rowBytes).mul(v.filterHeight)));
    const isWhole = place.lastRow
      .sub(place.firstRow)
      .equals(v.filterHeight)
      .and(place.lastColumn.sub(place.firstColumn).equals(v.filterWidth));
    f.if(isWhole.isZero(), () => f.clearBytes(to, rowBytes.mul(v.filterHeight)));
    const count = f.int(place.lastColumn.sub(place.firstColumn).mul(v.channels));
    f.for(place.firstRow, place.lastRow, 1, (row) => {
      const from = f.int(under(v, place, row, place.firstColumn));
      const at = f.int(to.add(row.mul(rowBytes)).add(place.firstColumn.mul(pixelBytes)));
      mapFloats(f, { inputs: [from], output: at, count }, (value) => value!);
    });
  });
});

/**
 * Combines, for each channel by itself, the values under a window: two vectors of channels at a time, then single channels.
 * `tap` takes what is there so far, the value, and the address offset of the filter's tap for the same channel.
 */
function eachChannel(
  f: FunctionBuilder,
  v: Window,
  place: Place,
  start: Vector,
  tap: (
    sum: Vector,
    value: Vector,
    filterOffset: Int,
    read: (address: Int, offset: number) => Vector,
    at: number,
  ) => Vector,
  finish: (sum: Vector, channelOffset: Int, read: (address: Int, offset: number) => Vector, at: number) => Vector,
): void {
  const bytes = f.int(v.channels.shiftLeft(2));
  const out = f.int(v.y.add(place.pixel.mul(bytes)));
  const group = (channel: IntVariable, offsets: readonly number[], read: (address: Int, offset: number) => Vector) => {
    const sums = offsets.map(() => f.vector(start));
    f.for(place.firstRow, place.lastRow, 1, (row) => {
      const from = f.int(under(v, place, row, place.firstColumn).add(channel));
      const filter = f.int(row.mul(v.filterWidth).add(place.firstColumn).mul(bytes).add(channel));
      f.for(place.firstColumn, place.lastColumn, 1, () => {
        for (const [i, sum] of sums.entries()) sum.set(tap(sum, read(from, offsets[i]!), filter, read, offsets[i]!));
        from.increase(bytes);
        filter.increase(bytes);
      });
    });
    return sums.map((sum, i) => f.vector(finish(sum, channel, read, offsets[i]!)));
  };
  const channel = f.int(0);
  f.while(channel.less(bytes.and(-32)), () => {
    const [first, second] = group(channel, [0, 16], load);
    f.store(out.add(channel), first!);
    f.store(out.add(channel), second!, 16);
    channel.increase(32);
  });
  f.while(channel.less(bytes), () => {
    const [only] = group(channel, [0], loadSplat);
    f.storeReal(out.add(channel), only!.lane(0));
    channel.increase(4);
  });
}

/** Convolution of each channel by a filter `[filterHeight, filterWidth, channels]` of its own; bias `[channels]` last, then ReLU if asked. */
export const depthwise = defineTask(
  "depthwise",
  { ...WINDOW, filter: "int", bias: "int", isRelu: "int" },
  (f, v, { task }) => {
    const lowest = f.vector(f.constant(-3.4028234663852886e38));
    f.if(v.isRelu, () => lowest.set(vectorZero()));
    eachWindow(f, v, task, (place) =>
      eachChannel(
        f,
        v,
        place,
        vectorZero(),
        (sum, value, offset, read, at) => f.multiplyAdd(value, read(v.filter.add(offset), at), sum),
        (sum, channel, read, at) => sum.add(read(v.bias.add(channel), at)).atLeast(lowest),
      ),
    );
  },
);

/** The largest value under each window, channel by channel; a NaN counts as nothing, as on TF.js's other backends. */
export const maxPool = defineTask("maxPool", WINDOW, (f, v, { task }) => {
  const lowest = f.constant(-3.4028234663852886e38);
  eachWindow(f, v, task, (place) =>
    eachChannel(
      f,
      v,
      place,
      lowest,
      (most, value) => most.atLeast(value),
      (most) => most,
    ),
  );
});
