import { defineTask, share } from "../task.js";
import type { FunctionBuilder, IntVariable, VectorVariable } from "../wasm/function-builder.js";
import { type Int, load, loadReal, type Real, Vector, vectorZero } from "../wasm/values.js";

/** Rows are a multiple of this many numbers wide, filled up with zeros. */
export const WIDTH_UNIT = 32;
/** Partial sums of a row in registers: enough to hide the latency of a multiply-add. */
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

/**
 * Goes through a task's rows for one query after the other. A row alone, from its begin to its end: four rows side by side have half the loads of
 * the query, but take twice as long, since what fetches memory ahead follows one stream of small pages best.
 */
function eachRow(
  f: FunctionBuilder,
  v: Record<keyof typeof FIELDS | "task", Int>,
  body: (at: { row: IntVariable; query: IntVariable; end: Int; sums: readonly VectorVariable[]; index: Int }) => Real,
): void {
  const { first, last } = share(f, v.task, v.rowsPerTask, v.count);
  const sums = Array.from({ length: SUMS }, () => f.blankVector());
  const [queryStart, query, end] = [f.int(v.queries), f.int(0), f.int(0)];
  f.for(0, v.queryCount, 1, (number) => {
    const score = f.int(v.scores.add(number.mul(v.count).add(first).shiftLeft(2)));
    const row = f.int(v.rows.add(first.mul(v.stride)));
    end.set(queryStart.add(v.queryStride));
    f.for(first, last, 1, (index) => {
      query.set(queryStart);
      for (const sum of sums) sum.set(vectorZero());
      f.storeReal(score, body({ row, query, end, sums, index }));
      score.increase(4);
    });
    queryStart.set(end);
  });
}

/** Dot products of float32 rows with a few float32 queries: as fast as memory gives the rows. */
export const scoreFloats = defineTask("scoreFloats", FIELDS, (f, v, { task }) =>
  eachRow(f, { ...v, task }, ({ row, query, end, sums }) => {
    f.while(query.isBefore(end), () => {
      for (const [i, sum] of sums.entries()) sum.set(f.multiplyAdd(load(row, 16 * i), load(query, 16 * i), sum));
      for (const pointer of [row, query]) pointer.increase(16 * SUMS);
    });
    sums[0]!.set(sums[0]!.add(sums[1]!).add(sums[2]!.add(sums[3]!)));
    return sums[0]!.sumOfLanes();
  }),
);

/**
 * Dot products of int8 rows with queries of 16-bit integers, times each row's scale. The integers' sums are exact as long as a query's largest
 * value is at most 2³¹ / (127 · width / 4).
 */
export const scoreBytes = defineTask("scoreBytes", { ...FIELDS, scales: "int" }, (f, v, { task }) =>
  eachRow(f, { ...v, task }, ({ row, query, end, sums, index }) => {
    f.while(query.isBefore(end), () => {
      for (const [i, sum] of sums.entries())
        sum.set(sum.addInt(loadBytesAsShorts(row, 8 * i).dotShorts(load(query, 16 * i))));
      row.increase(8 * SUMS);
      query.increase(16 * SUMS);
    });
    sums[0]!.set(sums[0]!.addInt(sums[1]!).addInt(sums[2]!.addInt(sums[3]!)).toFloats());
    return sums[0]!.sumOfLanes().mul(loadReal(v.scales.add(index.shiftLeft(2))));
  }),
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
