import type { Packed } from "../storage.js";
import { elementBytes, elementKinds, packPlain, packTransposed, unpack } from "../tasks/pack.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { type MatrixFormat, panelsOf } from "./matrix-format.js";

/** So that a task takes some 20 µs. */
const FLOATS_PER_TASK = 65536;

/** Float32 in panels `[panel][k][width]`. */
export const packedMatrix: MatrixFormat<Packed> & {
  /** Brings a whole matrix of float32, which lies as `rows` says, into its place. */
  packFrom(backend: VitrailBackend, source: number, matrix: Omit<Packed, "at">): void;
} = {
  bytes({ plan }, k, columns) {
    return panelsOf(columns, plan.wide.columns) * plan.wide.columns * k * 4;
  },

  width: ({ plan }) => plan.wide.columns,

  check: "later",

  pack({ plan, pool }, source, kind, { k, start }, { first, panels, columns }, flag) {
    const width = plan.wide.columns;
    const target = start + first * width * k * 4;
    const values = { panels, source, sourceStride: k * elementBytes[kind], target, columns, k, flag };
    pool.begin(packTransposed, { ...values, kind: elementKinds[kind], panelsPerTask: 1 }, panels);
  },

  packFrom(backend, source, { k, columns, rows, start }) {
    const { plan, pool } = backend;
    const width = plan.wide.columns;
    const panels = panelsOf(columns, width);
    if (rows === "columns") {
      this.pack(backend, source, "F32", { at: "packed", k, columns, rows, start }, { first: 0, panels, columns }, 0);
      pool.finish();
      return;
    }
    const panelsPerTask = Math.max(1, Math.ceil(FLOATS_PER_TASK / (k * width)));
    const values = { panelsPerTask, panels, source, sourceStride: columns * 4, target: start, columns, k };
    pool.run(packPlain, values, Math.ceil(panels / panelsPerTask));
  },

  unpack({ plan, pool }, { k, columns, rows, start }, target) {
    const panels = panelsOf(columns, plan.wide.columns);
    const [alongK, alongColumns] = rows === "columns" ? [4, k * 4] : [columns * 4, 4];
    const values = { panelsPerTask: 4, panels, source: start, target, columns, k, alongK, alongColumns };
    pool.run(unpack, values, Math.ceil(panels / 4));
  },
};
