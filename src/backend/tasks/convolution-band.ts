import { defineTask, type Library } from "../task.js";
import type { FunctionBuilder, IntVariable, Variables } from "../wasm/function-builder.js";
import { type Int, load, loadSplat, type Vector, vectorZero } from "../wasm/values.js";

/**
 * A band of rows of a convolution's output, from the picture to its finished numbers without leaving the first cache: part of the picture in
 * a frame of zeros, from it the left side of a product, the product, and what comes after. Lengths in pixels, sizes in bytes.
 */
const BAND = {
  rowsPerTask: "int",
  /** Bands of a picture. */
  bands: "int",
  x: "int",
  y: "int",
  height: "int",
  width: "int",
  channels: "int",
  outHeight: "int",
  outWidth: "int",
  columns: "int",
  stride: "int",
  side: "int",
  padTop: "int",
  padLeft: "int",
  /** Of the framed picture. */
  frameWidth: "int",
  /** The left side `[pixels, k]`: bytes from pixel to pixel. */
  k: "int",
  leftStride: "int",
  /** Of the depthwise filters, where there are any: `[3, 3, channels]` and `[channels]`. */
  filter: "int",
  filterBias: "int",
  panels: "int",
  bias: "int",
  /** What is added to the sums, `[height, width, shortcutChannels]`; 0 channels stand for none. */
  shortcut: "int",
  shortcutChannels: "int",
  /** Of the shortcut, that count for one of the output by their largest values, down and across: 1 or 2. */
  pooled: "int",
  isRelu: "int",
  /** Of each thread: the frame, the left side and the sums. */
  scratch: "int",
  scratchBytes: "int",
  frameBytes: "int",
  leftBytes: "int",
} as const;

/** A band and where its parts are. */
interface Band {
  rows: IntVariable;
  frame: IntVariable;
  left: IntVariable;
  sums: IntVariable;
  /** First pixel of the band in the output, counted over all pictures. */
  pixel: IntVariable;
  picture: IntVariable;
  firstRow: IntVariable;
}
type BandVariables = Variables<typeof BAND>;

/** Channels of the left side are computed so many at a time at most, past the last one too. */
export const CHANNELS_PER_STEP = 8;
/** Pixels that a depthwise filter is read for once, by stride; what hangs over the row's end is overwritten or never read. */
export const PIXELS_PER_STEP = 4;

function defineBand(
  name: string,
  fillLeft: (f: FunctionBuilder, v: BandVariables, band: Band, library: Library) => void,
) {
  return defineTask(name, BAND, (f, v, { task, thread, library }) => {
    const picture = f.int(task.div(v.bands));
    const firstRow = f.int(task.rem(v.bands).mul(v.rowsPerTask));
    const rows = f.int(v.outHeight.sub(firstRow).min(v.rowsPerTask));
    const frame = f.int(v.scratch.add(thread.mul(v.scratchBytes)));
    const left = f.int(frame.add(v.frameBytes));
    const sums = f.int(left.add(v.leftBytes));
    const pixel = f.int(picture.mul(v.outHeight).add(firstRow).mul(v.outWidth));
    const band = { rows, frame, left, sums, pixel, picture, firstRow };
    fillFrame(f, v, band);
    fillLeft(f, v, band, library);
    multiplyBand(f, v, band, library);
    finish(f, v, band, library);
  });
}

/** Copies the picture's rows under the band between zeros. */
function fillFrame(f: FunctionBuilder, v: BandVariables, { rows, frame, picture, firstRow }: Band): void {
  const pixelBytes = f.int(v.channels.shiftLeft(2));
  const rowBytes = f.int(v.frameWidth.mul(pixelBytes));
  const top = f.int(firstRow.mul(v.stride).sub(v.padTop));
  const bottom = f.int(rows.sub(1).mul(v.stride).add(v.side).add(top));
  f.clearBytes(frame, bottom.sub(top).mul(rowBytes));
  const bytes = f.int(v.width.min(v.frameWidth.sub(v.padLeft)).mul(pixelBytes));
  const source = f.int(v.x.add(picture.mul(v.height).mul(v.width).mul(pixelBytes)));
  const target = f.int(frame.add(v.padLeft.mul(pixelBytes)));
  f.for(f.int(top.max(0)), f.int(bottom.min(v.height)), 1, (row) => {
    f.copyBytes(target.add(row.sub(top).mul(rowBytes)), source.add(row.mul(v.width).mul(pixelBytes)), bytes);
  });
}

/** Left side times panels plus bias. */
function multiplyBand(f: FunctionBuilder, v: BandVariables, band: Band, { wide }: Library): void {
  const width = wide.block.columns;
  const panels = f.int(v.columns.add(width - 1).div(width));
  f.call(wide, {
    a: band.left,
    b: v.panels,
    c: band.sums,
    bias: v.bias,
    residual: 0,
    aStride: v.leftStride,
    cStride: panels.mul(width * 4),
    k: v.k,
    rows: band.rows.mul(v.outWidth),
    panelBytes: v.k.mul(width * 4),
    firstPanel: 0,
    lastPanel: panels,
  });
}

/** output = activation(sums + shortcut), pixel by pixel. */
function finish(
  f: FunctionBuilder,
  v: BandVariables,
  { rows, sums, pixel, picture, firstRow }: Band,
  library: Library,
) {
  const width = library.wide.block.columns;
  const sumStride = f.int(
    v.columns
      .add(width - 1)
      .div(width)
      .mul(width * 4),
  );
  const lowest = f.vector(f.constant(Number.NEGATIVE_INFINITY));
  f.if(v.isRelu, () => lowest.set(vectorZero()));
  const smallest = f.constant(-3.4028234663852886e38);
  const out = f.int(v.y.add(pixel.mul(v.columns).shiftLeft(2)));
  const rest = f.int(v.columns.sub(v.shortcutChannels));
  const across = f.int(v.shortcutChannels.shiftLeft(2));
  const down = f.int(v.outWidth.mul(v.pooled).mul(across));
  const shortcut = f.int(v.shortcut.add(picture.mul(v.outHeight).add(firstRow).mul(v.pooled).mul(down)));
  const from = f.int(sums);
  const sum = f.int(0);
  const [a, b, c, d] = [f.int(0), f.int(0), f.int(0), f.int(0)];
  const eachPixel = (body: () => void) =>
    f.for(0, v.outWidth, 1, () => {
      sum.set(from);
      body();
      mapChannels(f, { inputs: [sum], output: out, count: rest }, (value) => value!.atLeast(lowest));
      from.increase(sumStride);
    });
  f.for(0, rows, 1, () => {
    a.set(shortcut);
    f.if(
      v.pooled.equals(2),
      () => {
        b.set(a.add(across));
        c.set(a.add(down));
        d.set(c.add(across));
        eachPixel(() => {
          const pool = (w: Vector, x: Vector, y: Vector, z: Vector) =>
            smallest.atLeast(w).atLeast(x).atLeast(y).atLeast(z);
          mapChannels(f, { inputs: [sum, a, b, c, d], output: out, count: v.shortcutChannels }, (value, w, x, y, z) =>
            value!.add(pool(w!, x!, y!, z!)).atLeast(lowest),
          );
          for (const pointer of [a, b, c, d]) pointer.increase(across);
        });
      },
      () =>
        eachPixel(() =>
          mapChannels(f, { inputs: [sum, a], output: out, count: v.shortcutChannels }, (value, other) =>
            value!.add(other!).atLeast(lowest),
          ),
        ),
    );
    shortcut.increase(down.mul(v.pooled));
  });
}

/** As `mapFloats`, with a single vector between the pairs and the single floats: a pixel has few channels. */
function mapChannels(
  f: FunctionBuilder,
  { inputs, output, count }: { inputs: readonly IntVariable[]; output: IntVariable; count: Int },
  formula: (...values: Vector[]) => Vector,
): void {
  const advance = (bytes: number) => {
    for (const pointer of [...inputs, output]) pointer.increase(bytes);
  };
  const at = (offset: number) => f.vector(formula(...inputs.map((pointer) => load(pointer, offset))));
  const left = f.int(count);
  f.while(left.atLeast(8), () => {
    const [first, second] = [at(0), at(16)];
    f.store(output, first);
    f.store(output, second, 16);
    advance(32);
    left.increase(-8);
  });
  f.if(left.atLeast(4), () => {
    f.store(output, at(0));
    advance(16);
    left.increase(-4);
  });
  f.while(left.greater(0), () => {
    const value = f.vector(formula(...inputs.map((pointer) => loadSplat(pointer))));
    f.storeReal(output, value.lane(0));
    advance(4);
    left.increase(-1);
  });
}

/** The left side is each channel by a 3 x 3 filter of its own, plus a bias. */
export const separableBand = defineBand("separableBand", (f, v, { rows, frame, left }, { vectors }) => {
  const pixelBytes = f.int(v.channels.shiftLeft(2));
  const rowBytes = f.int(v.frameWidth.mul(pixelBytes));
  const above = f.int(frame);
  const out = f.int(left);
  f.for(0, rows, 1, () => {
    f.for(0, pixelBytes, vectors * 16, (channel) => {
      const step = (stride: 1 | 2) => () =>
        filterPixels(f, { v, pixelBytes, rowBytes, stride, channel, above, out, vectors });
      f.if(v.stride.equals(1), step(1), step(2));
    });
    above.increase(rowBytes.mul(v.stride));
    out.increase(v.outWidth.mul(v.leftStride));
  });
});

interface FilterRow {
  v: BandVariables;
  pixelBytes: IntVariable;
  rowBytes: IntVariable;
  stride: 1 | 2;
  channel: IntVariable;
  above: IntVariable;
  out: IntVariable;
  vectors: 1 | 2;
}

/** One step of channels of a row of the output, some pixels at a time: each value under their windows is read once. */
function filterPixels(f: FunctionBuilder, row: FilterRow): void {
  const { v, pixelBytes, stride, channel } = row;
  const pixels = stride === 1 ? PIXELS_PER_STEP : PIXELS_PER_STEP / 2;
  const loadStep = (address: Int) => Array.from({ length: row.vectors }, (_, i) => f.vector(load(address, 16 * i)));
  const from = f.int(row.above.add(channel));
  const to = f.int(row.out.add(channel));
  const end = f.int(to.add(v.outWidth.mul(v.leftStride)));
  f.while(to.isBefore(end), () => {
    const sums = Array.from({ length: pixels }, () => Array.from({ length: row.vectors }, () => f.vector()));
    const filter = f.int(v.filter.add(channel));
    const line = f.int(from);
    const rowsLeft = f.int(3);
    f.doWhile(
      () => {
        const at = f.int(line);
        const values = Array.from({ length: (pixels - 1) * stride + 3 }, (_, i) => {
          if (i > 0) at.increase(pixelBytes);
          return loadStep(at);
        });
        for (let tap = 0; tap < 3; tap++) {
          const weights = loadStep(filter);
          for (const [pixel, sum] of sums.entries())
            for (const [i, part] of sum.entries())
              part.set(f.multiplyAdd(values[pixel * stride + tap]![i]!, weights[i]!, part));
          filter.increase(pixelBytes);
        }
        line.increase(row.rowBytes);
      },
      rowsLeft.tee(rowsLeft.sub(1)),
    );
    const bias = loadStep(v.filterBias.add(channel));
    for (const sum of sums) for (const [i, part] of sum.entries()) part.set(part.add(bias[i]!));
    for (const sum of sums) {
      for (const [i, part] of sum.entries()) f.store(to, part, 16 * i);
      to.increase(v.leftStride);
    }
    from.increase(pixelBytes.mul(pixels * stride));
  });
}

/** The left side is each window as it is, `[side, side, channels]`. */
export const windowBand = defineBand("windowBand", (f, v, { rows, frame, left }) => {
  const pixelBytes = f.int(v.channels.shiftLeft(2));
  const rowBytes = f.int(v.frameWidth.mul(pixelBytes));
  const windowRow = f.int(v.side.mul(pixelBytes));
  const above = f.int(frame);
  const out = f.int(left);
  f.for(0, rows, 1, () => {
    const corner = f.int(above);
    f.for(0, v.outWidth, 1, () => {
      const from = f.int(corner);
      const to = f.int(out);
      f.for(0, v.side, 1, () => {
        // The last vector may hang over: the next row comes in its place.
        f.for(0, windowRow, 16, (offset) => f.store(to.add(offset), load(from.add(offset))));
        from.increase(rowBytes);
        to.increase(windowRow);
      });
      corner.increase(pixelBytes.mul(v.stride));
      out.increase(v.leftStride);
    });
    above.increase(rowBytes.mul(v.stride));
  });
});
