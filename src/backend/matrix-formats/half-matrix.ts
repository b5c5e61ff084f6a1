import { EngineError } from "../../errors.js";
import type { Half } from "../storage.js";
import { packHalf } from "../tasks/half.js";
import { elementKinds, widen } from "../tasks/pack.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { type MatrixFormat, panelsOf } from "./matrix-format.js";

const FLOATS_PER_TASK = 65536;
const evenK = (k: number): number => 2 * Math.ceil(k / 2);
const panelBytes = ({ plan }: VitrailBackend, k: number): number => evenK(k) * plan.wide.columns * 2;

/** Float16 in panels `[panel][k, made even][width]`. */
export const halfMatrix: MatrixFormat<Half> = {
  bytes(backend, k, columns) {
    return panelsOf(columns, backend.plan.wide.columns) * panelBytes(backend, k);
  },

  width: ({ plan }) => plan.wide.columns,

  check: "later",

  pack(backend, source, kind, { k, start }, { first, panels, columns }, flag) {
    const bytes = panelBytes(backend, k);
    const target = start + first * bytes;
    const values = { panelsPerTask: 1, panels, source, columns, k, kind: elementKinds[kind], target };
    backend.pool.begin(packHalf, { ...values, panelBytes: bytes, flag }, panels);
  },

  refuse() {
    throw new EngineError(
      "engine/float16-range",
      'The weights hold numbers above 65504, which float16 has not. Load the model with dtype "float32".',
    );
  },

  unpack(backend, { k, columns, start }, target) {
    const { columns: width } = backend.plan.wide;
    const panels = panelsOf(columns, width);
    const count = evenK(k) * width;
    const panel = backend.scratch(count * 4);
    for (let i = 0; i < panels; i++) {
      const source = start + i * count * 2;
      const each = { each: FLOATS_PER_TASK, count, source, target: panel, kind: elementKinds.F16 };
      backend.pool.run(widen, each, Math.ceil(count / FLOATS_PER_TASK));
      const valid = Math.min(width, columns - i * width);
      const floats = backend.memoryBlocks.floats(panel, count);
      const rows = backend.memoryBlocks.floats(target, k * columns);
      for (let row = 0; row < k; row++)
        rows.set(floats.subarray(row * width, row * width + valid), row * columns + i * width);
    }
  },
};
