import { defineTask, share } from "../task.js";
import type { FunctionBuilder, IntVariable, VectorVariable } from "../wasm/function-builder.js";
import { type Int, load, loadReal, type Real, Vector, vectorZero } from "../wasm/values.js";

/** Rows are a multiple of this many numbers wide, filled up with zeros. */
export const WIDTH_UNIT = 32;
/** Vectors of `Sums`. */
const SUMS = 4;

const FIELDS = {
  rowsPerTask: "int",
  count: "int",
  rows: "int",
  /** Bytes from one row to the next. */
  stride: "int",
  queries: "int",
  /** Bytes of a query. */
  queryStride: "int",
  queryCount: "int",
  /** `[queries, count]` */
  scores: "int",
} as const;

/** Where a kernel is: the rows that it reads together, the query, and the sums of each row. */
interface Position {
  rows: readonly IntVariable[];
  query: IntVariable;
  sums: readonly Sums[];
}

/** Partial sums of a row in registers: enough to hide the latency of a multiply-add. */
type Sums = readonly [VectorVariable, VectorVariable, VectorVariable, VectorVariable];

/**
 * Goes through a task's rows for one query after the other: from the first to the middle, and from the middle to the last, side by side. What
 * fetches memory ahead follows two such streams best: one alone takes a third longer, rows that are neighbors twice as long.
 */
function eachTwoRows(
  f: FunctionBuilder,
  v: Record<keyof typeof FIELDS | "task", Int>,
  add: (at: Position) => void,
  finish: (sums: Sums, index: Int) => Real,
): void {
  const { first, last } = share(f, v.task, v.rowsPerTask, v.count);
  const half = f.int(last.sub(first).add(1).div(2));
  // Where the number of rows is odd, the one in the middle is done twice.
  const starts = [first, f.int(last.sub(half))];
  const rows = starts.map(() => f.int(0));
  const sums = starts.map((): Sums => [f.blankVector(), f.blankVector(), f.blankVector(), f.blankVector()]);
  const [queryStart, query, end, scores] = [f.int(v.queries), f.int(0), f.int(0), f.int(v.scores)];
  f.for(0, v.queryCount, 1, () => {
    for (const [i, row] of rows.entries()) row.set(v.rows.add(starts[i]!.mul(v.stride)));
    end.set(queryStart.add(v.queryStride));
    f.for(0, half, 1, (done) => {
      query.set(queryStart);
      for (const sum of sums.flat()) sum.set(vectorZero());
      f.while(query.isBefore(end), () => add({ rows, query, sums }));
      for (const [i, parts] of sums.entries()) {
        const index = f.int(starts[i]!.add(done));
        f.storeReal(scores.add(index.shiftLeft(2)), finish(parts, index));
      }
    });
    queryStart.set(end);
    scores.increase(v.count.shiftLeft(2));
  });
}

/** Dot products of float32 rows with a few float32 queries: as fast as memory gives the rows. */
export const scoreFloats = defineTask("scoreFloats", FIELDS, (f, v, { task }) =>
  eachTwoRows(
    f,
    { ...v, task },
    ({ rows, query, sums }) => {
      for (let i = 0; i < SUMS; i++)
        for (const [j, row] of rows.entries())
          sums[j]![i]!.set(f.multiplyAdd(load(row, 16 * i), load(query, 16 * i), sums[j]![i]!));
      for (const pointer of [query, ...rows]) pointer.increase(16 * SUMS);
    },
    ([a, b, c, d]) => {
      a.set(a.add(b).add(c.add(d)));
      return a.sumOfLanes();
    },
  ),
);

/**
 * Dot products of int8 rows with queries of 16-bit integers, times each row's scale. The integers' sums are exact as long as a query's largest
 * value is at most 2³¹ / (127 · width / 4).
 */
export const scoreBytes = defineTask("scoreBytes", { ...FIELDS, scales: "int" }, (f, v, { task }) =>
  eachTwoRows(
    f,
    { ...v, task },
    ({ rows, query, sums }) => {
      for (let i = 0; i < SUMS; i++)
        for (const [j, row] of rows.entries())
          sums[j]![i]!.set(sums[j]![i]!.addInt(loadBytesAsShorts(row, 8 * i).dotShorts(load(query, 16 * i))));
      for (const row of rows) row.increase(8 * SUMS);
      query.increase(16 * SUMS);
    },
    ([a, b, c, d], index) => {
      a.set(a.addInt(b).addInt(c.addInt(d)).toFloats());
      return a.sumOfLanes().mul(loadReal(v.scales.add(index.shiftLeft(2))));
    },
  ),
);

/**
 * Dot products of float32 rows with many float32 queries: the engine's matrix product, rows in place on the left, queries in panels of the wide
 * block on the right. `[count, width]`, `[panel][width][panel's width]` → `[count, panels × panel's width]`
 */
export const scoreProduct = defineTask(
  "scoreProduct",
  {
    rowsPerTask: "int",
    count: "int",
    rows: "int",
    /** Numbers of a row. */
    width: "int",
    panels: "int",
    panelCount: "int",
    scores: "int",
    /** Address of as many zeros as a row of the scores has. */
    zeros: "int",
  },
  (f, v, { task, library: { wide } }) => {
    const { first, last } = share(f, task, v.rowsPerTask, v.count);
    const aStride = f.int(v.width.shiftLeft(2));
    const cStride = f.int(v.panelCount.mul(wide.block.columns * 4));
    f.call(wide, {
      ...{ a: v.rows.add(first.mul(aStride)), b: v.panels, c: v.scores.add(first.mul(cStride)) },
      ...{ bias: v.zeros, residual: 0, aStride, cStride, k: v.width, rows: last.sub(first) },
      ...{ panelBytes: v.width.mul(wide.block.columns * 4), firstPanel: 0, lastPanel: v.panelCount },
    });
  },
);

/** Eight signed bytes, each as a 16-bit integer. */
const loadBytesAsShorts = (address: Int, offset: number): Vector => new Vector([address.code, 0xfd, 0x01, 3, offset]);
