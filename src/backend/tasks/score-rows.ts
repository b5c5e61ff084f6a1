import { defineTask, share } from "../task.js";
import type { FunctionBuilder, IntVariable, VectorVariable } from "../wasm/function-builder.js";
import { type Int, load, loadReal, Vector, vectorZero } from "../wasm/values.js";

/** Rows whose sums are in registers together: enough to hide the latency of a multiply-add, few enough for 16 registers. */
export const ROWS_AT_ONCE = 4;

const FIELDS = {
  rowsPerTask: "int",
  /** A multiple of `ROWS_AT_ONCE`: rows past the last are computed and thrown away. */
  count: "int",
  rows: "int",
  /** Bytes from one row to the next, and of a query; whole vectors. */
  stride: "int",
  queries: "int",
  queryStride: "int",
  queryCount: "int",
  /** `[queries, count]` */
  scores: "int",
} as const;

type Context = { task: IntVariable; queryCount: Int; rowsPerTask: Int; count: Int; rows: Int; stride: Int } & {
  queries: Int;
  queryStride: Int;
  scores: Int;
};

/** Goes through a task's rows, a few at a time, for one query after the other: the rows stay in the second cache meanwhile. */
function eachRows(
  f: FunctionBuilder,
  v: Context,
  body: (at: { rows: readonly IntVariable[]; query: IntVariable; scores: IntVariable; row: IntVariable }) => void,
): void {
  const { first, last } = share(f, v.task, v.rowsPerTask, v.count);
  const queryStart = f.int(v.queries);
  const query = f.int(0);
  const rows = Array.from({ length: ROWS_AT_ONCE }, () => f.int(0));
  f.for(0, v.queryCount, 1, (index) => {
    const scores = f.int(v.scores.add(index.mul(v.count).add(first).shiftLeft(2)));
    const start = f.int(v.rows.add(first.mul(v.stride)));
    f.for(first, last, ROWS_AT_ONCE, (row) => {
      query.set(queryStart);
      for (const pointer of rows) {
        pointer.set(start);
        start.increase(v.stride);
      }
      body({ rows, query, scores, row });
      scores.increase(4 * ROWS_AT_ONCE);
    });
    queryStart.increase(v.queryStride);
  });
}

/** Dot products of float32 rows with a few float32 queries: as fast as memory gives the rows. */
export const scoreFloats = defineTask("scoreFloats", FIELDS, (f, v, { task }) => {
  const sums = rowSums(f);
  eachRows(f, { ...v, task }, ({ rows, query, scores }) => {
    const end = f.int(query.add(v.stride));
    for (const sum of sums) sum.set(vectorZero());
    const right = f.blankVector();
    f.while(query.isBefore(end), () => {
      right.set(load(query));
      for (const [i, sum] of sums.entries()) sum.set(f.multiplyAdd(load(rows[i]!), right, sum));
      for (const pointer of [query, ...rows]) pointer.increase(16);
    });
    for (const [i, sum] of sums.entries()) f.storeReal(scores, sum.sumOfLanes(), 4 * i);
  });
});

/**
 * Dot products of int8 rows with queries of 16-bit integers, times each row's scale. The integers' sums are exact as long as a query's largest
 * value is at most 2³¹ / (127 · width / 4).
 */
export const scoreBytes = defineTask("scoreBytes", { ...FIELDS, scales: "int" }, (f, v, { task }) => {
  const sums = rowSums(f);
  eachRows(f, { ...v, task }, ({ rows, query, scores, row }) => {
    const end = f.int(query.add(v.stride.shiftLeft(1)));
    for (const sum of sums) sum.set(vectorZero());
    const right = f.blankVector();
    f.while(query.isBefore(end), () => {
      for (let half = 0; half < 2; half++) {
        right.set(load(query, 16 * half));
        for (const [i, sum] of sums.entries())
          sum.set(sum.addInt(loadBytesAsShorts(rows[i]!, 8 * half).dotShorts(right)));
      }
      query.increase(32);
      for (const pointer of rows) pointer.increase(16);
    });
    const scale = f.int(v.scales.add(row.shiftLeft(2)));
    for (const [i, sum] of sums.entries()) {
      sum.set(sum.toFloats());
      f.storeReal(scores, sum.sumOfLanes().mul(loadReal(scale, 4 * i)), 4 * i);
    }
  });
});

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

const rowSums = (f: FunctionBuilder): VectorVariable[] => Array.from({ length: ROWS_AT_ONCE }, () => f.blankVector());

/** Eight signed bytes, each as a 16-bit integer. */
const loadBytesAsShorts = (address: Int, offset: number): Vector => new Vector([address.code, 0xfd, 0x01, 3, offset]);
