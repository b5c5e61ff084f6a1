import { defineTask, share } from "../task.js";
import type { FunctionBuilder, IntVariable } from "../wasm/function-builder.js";
import { maxMagnitude, rangeWithZero } from "../wasm/functions.js";
import { GROUP_WORDS, PER_WORD, type QuantizedKind } from "../wasm/quantized-tiles.js";
import { type Int, load, loadReal, Real } from "../wasm/values.js";

/** Largest value of a quantized row: an unsigned byte's, its lower 7 bits', or 12 bits' with a sign. */
const LARGEST: Record<QuantizedKind, number> = { u8: 255, u7: 127, i12: 2047 };
/** Keeps a scale of a row of zeros from being 0. */
export const SMALLEST_RANGE = 1e-20;

/** Elements of a row that share a scale. */
const groupSize = (kind: QuantizedKind): number => GROUP_WORDS[kind] * PER_WORD[kind];

/** Largest magnitude of a quantized weight. */
const LARGEST_WEIGHT = 127;

/**
 * Rows of A: x = start + scale · q, for each stretch of a row that shares a scale. "u8" and "u7": from the stretch's least to its largest value, zero among them, with an integer zero point, so that zero
 * stays zero; "i12": symmetric, start 0. A row takes whole vectors; what is past its end is zero and meets weights of zero.
 */
export const quantizeRows = defineTask(
  "quantizeRows",
  {
    rowsPerTask: "int",
    rows: "int",
    width: "int",
    x: "int",
    y: "int",
    yStride: "int",
    /** Stretches of a row that have a scale of their own. */
    groups: "int",
    scales: "int",
    starts: "int",
  },
  (f, v, { task, library }) => {
    const { kind } = library.quantized;
    const { first, last } = share(f, task, v.rowsPerTask, v.rows);
    const x = f.int(v.x.add(first.mul(v.width).shiftLeft(2)));
    const y = f.int(v.y.add(first.mul(v.yStride)));
    const scaleOffset = f.int(first.mul(v.groups).shiftLeft(2));
    const scaleAt = f.int(v.scales.add(scaleOffset));
    const startAt = f.int(v.starts.add(scaleOffset));
    const [width, bytes, end] = [f.int(0), f.int(0), f.int(0)];
    f.for(first, last, 1, () => {
      end.set(y.add(v.yStride));
      f.for(0, v.width, groupSize(kind), (done) => {
        width.set(v.width.sub(done).min(groupSize(kind)));
        bytes.set(end.sub(y).min(GROUP_WORDS[kind] * 4));
        quantizeWholeRow(f, kind, { x, y, width, bytes, scaleAt, startAt });
        x.increase(width.shiftLeft(2));
        y.increase(bytes);
        scaleAt.increase(4);
        startAt.increase(4);
      });
    });
  },
);

/** A row with its scale and start, each to its address. */
export function quantizeWholeRow(
  f: FunctionBuilder,
  kind: QuantizedKind,
  { scaleAt, startAt, ...row }: Pick<Row, "x" | "y" | "width" | "bytes"> & { scaleAt: Int; startAt: Int },
): void {
  const { least, most } = rangeWithZero(f, { input: row.x, count: row.width });
  const range = kind !== "i12" ? most.sub(least) : most.max(least.neg());
  const scale = f.real(range.max(SMALLEST_RANGE).div(LARGEST[kind]));
  const zero = f.real(kind !== "i12" ? least.neg().div(scale).nearest() : 0);
  f.storeReal(scaleAt, scale);
  f.storeReal(startAt, zero.mul(scale).neg());
  quantizeRow(f, kind, "unsigned", { ...row, inverse: f.real(Real.of(1).div(scale)), zero });
}

interface Row {
  x: IntVariable;
  y: IntVariable;
  width: IntVariable;
  /** Of the quantized row. */
  bytes: IntVariable;
  inverse: Real;
  zero: Real;
}

/** Bytes are unsigned, for a left side, or signed, for a right one; 12 bits always have a sign. */
export function quantizeRow(
  f: FunctionBuilder,
  kind: QuantizedKind,
  bytesAre: "signed" | "unsigned",
  { x, y, width, bytes, inverse, zero }: Row,
): void {
  const [factor, offset] = [f.vector(inverse.splat()), f.vector(zero.splat())];
  const from = f.int(x);
  const to = f.int(y);
  const left = f.int(width);
  const size = 4 / PER_WORD[kind];
  // Saturation of what follows keeps the range.
  const four = (at: number) => {
    const real = f.multiplyAdd(load(from, at), factor, offset);
    return f.vector((kind === "u7" ? real.atMost(f.constant(LARGEST.u7)) : real).nearest().toInts());
  };
  f.while(left.atLeast(16), () => {
    const [a, b, c, d] = [four(0), four(16), four(32), four(48)];
    const [low, high] = [a.narrowToShorts(b), c.narrowToShorts(d)];
    if (kind !== "i12") f.store(to, bytesAre === "signed" ? low.narrowToSignedBytes(high) : low.narrowToBytes(high));
    else {
      f.store(to, low);
      f.store(to, high, 16);
    }
    from.increase(64);
    to.increase(16 * size);
    left.set(left.sub(16));
  });
  f.clearBytes(to, y.add(bytes).sub(to));
  f.while(left, () => {
    const value = f.multiplyAdd(loadReal(from).splat(), factor, offset).nearest().toInts();
    const one = f.int(f.vector(value).laneAsInt(0));
    if (kind !== "i12") f.storeByte(to, one.min(LARGEST[kind]));
    else f.storeShort(to, one);
    from.increase(4);
    to.increase(size);
    left.set(left.sub(1));
  });
}

/**
 * A weight `[columns, k]` of float32, row by row, into panels of quantized words `[panel][k / per word][column][per word]`, with each column's scale
 * and the sums of its words that share a row's scale, `[panel][groups][column]`. Columns past the last are zero. Where the numbers are such
 * integers already, they stay, and the scale is 1. A task is some panels.
 */
export const quantizeWeight = defineTask(
  "quantizeWeight",
  {
    panelsPerTask: "int",
    panels: "int",
    source: "int",
    columns: "int",
    k: "int",
    /** Whether the numbers are integers already, from -128 to 127. */
    isInteger: "int",
    words: "int",
    groups: "int",
    target: "int",
    scales: "int",
    sums: "int",
  },
  (f, v, { task, library }) => {
    const { kind, block } = library.quantized;
    const width = block.columns;
    const perWord = PER_WORD[kind];
    const size = 4 / perWord;
    const { first, last } = share(f, task, v.panelsPerTask, v.panels);
    f.for(first, last, 1, (panel) => {
      const panelAt = f.int(v.target.add(panel.mul(v.words).mul(width * 4)));
      f.clearBytes(panelAt, v.words.mul(width * 4));
      f.for(0, width, 1, (lane) => {
        const column = f.int(panel.mul(width).add(lane));
        const scaleAt = f.int(v.scales.add(column.shiftLeft(2)));
        const sumAt = f.int(v.sums.add(panel.mul(v.groups).mul(width).add(lane).shiftLeft(2)));
        f.storeReal(scaleAt, 0);
        f.for(0, v.groups, 1, (group) => f.storeReal(sumAt.add(group.mul(width * 4)), 0));
        f.if(column.less(v.columns), () => {
          const from = f.int(v.source.add(column.mul(v.k).shiftLeft(2)));
          const scale = f.real(1);
          f.if(v.isInteger.equals(0), () => {
            const most = maxMagnitude(f, { input: from, count: v.k });
            scale.set(most.max(SMALLEST_RANGE).div(LARGEST_WEIGHT));
          });
          const sum = f.int(0);
          f.for(0, v.k, groupSize(kind), (start) => {
            sum.set(0);
            f.for(start, start.add(groupSize(kind)).min(v.k), 1, (index) => {
              const value = f.int(loadReal(from).div(scale).nearest().toInt());
              const at = panelAt
                .add(index.div(perWord).mul(width).add(lane).shiftLeft(2))
                .add(index.rem(perWord).mul(size));
              if (kind !== "i12") f.storeByte(at, value);
              else f.storeShort(at, value);
              sum.increase(value);
              from.increase(4);
            });
            f.storeReal(sumAt, sum.toReal());
            sumAt.increase(width * 4);
          });
          f.storeReal(scaleAt, scale);
        });
      });
    });
  },
);
