import type { Packed } from "../storage.js";
import { type ElementKind, elementBytes, elementKinds, packPlain, packTransposed, unpack } from "../tasks/pack.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { type MatrixFormat, panelsOf } from "./matrix-format.js";

/** So that a task takes some 20 µs. */
const FLOATS_PER_TASK = 65536;

/** Float32 in panels `[panel][k][width]`. */
export const packedMatrix: MatrixFormat<Packed> & {
  /** As `pack`, for numbers that lie as `rows` says. */
  packFrom(backend: VitrailBackend, source: number, kind: ElementKind, matrix: Omit<Packed, "at">): void;
} = {
  bytes({ plan }, k, columns) {
    return panelsOf(columns, plan.wide.columns) * plan.wide.columns * k * 4;
  },

  pack(backend, source, kind, matrix) {
    this.packFrom(backend, source, kind, { ...matrix, rows: "columns" });
  },

  packFrom({ plan, pool }, source, kind, { k, columns, rows, start }) {
    const width = plan.wide.columns;
    const panels = panelsOf(columns, width);
    const panelsPerTask = Math.max(1, Math.ceil(FLOATS_PER_TASK / (k * width)));
    const sourceStride = (rows === "columns" ? k : columns) * elementBytes[kind];
    const values = { panelsPerTask, panels, source, sourceStride, target: start, columns, k };
    const tasks = Math.ceil(panels / panelsPerTask);
    if (rows === "columns") pool.run(packTransposed, { ...values, kind: elementKinds[kind] }, tasks);
    else pool.run(packPlain, values, tasks);
  },

  unpack({ plan, pool }, { k, columns, rows, start }, target) {
    const panels = panelsOf(columns, plan.wide.columns);
    const [alongK, alongColumns] = rows === "columns" ? [4, k * 4] : [columns * 4, 4];
    const values = { panelsPerTask: 4, panels, source: start, target, columns, k, alongK, alongColumns };
    pool.run(unpack, values, Math.ceil(panels / 4));
  },
};
