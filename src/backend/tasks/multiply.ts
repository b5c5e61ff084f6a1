import { defineTask } from "../task.js";
import type { FunctionBuilder } from "../wasm/function-builder.js";
import { gelu, mapFloats } from "../wasm/functions.js";
import { type Int, type IntLike, vectorZero } from "../wasm/values.js";

/** What a product does to its sums before they leave the cache. */
export const epilogues = { none: 0, gelu: 1, relu: 2 } as const;

/**
 * C = epilogue(A B + bias) + residual, B in panels of the wide block. A task is a block of rows by a chunk of panels. The panel that hangs over
 * C's right edge goes through the thread's scratch. A residual asks for the epilogue "none".
 */
export const multiply = defineTask(
  "multiply",
  {
    a: "int",
    panels: "int",
    c: "int",
    bias: "int",
    residual: "int",
    aStride: "int",
    cStride: "int",
    rows: "int",
    columns: "int",
    k: "int",
    rowsPerBlock: "int",
    panelsPerChunk: "int",
    chunks: "int",
    epilogue: "int",
    scratch: "int",
    scratchBytes: "int",
  },
  (f, v, { task, thread, library: { wide } }) => {
    const width = wide.block.columns;
    const panelBytes = f.int(v.k.mul(width * 4));
    const wholePanels = f.int(v.columns.div(width));
    const allPanels = v.columns.add(width - 1).div(width);
    const row = f.int(task.div(v.chunks).mul(v.rowsPerBlock));
    const rows = f.int(v.rows.sub(row).min(v.rowsPerBlock));
    const firstPanel = f.int(task.rem(v.chunks).mul(v.panelsPerChunk));
    const lastPanel = f.int(firstPanel.add(v.panelsPerChunk).min(allPanels));
    const lastWhole = f.int(lastPanel.min(wholePanels));
    const a = f.int(v.a.add(row.mul(v.aStride)));
    const c = f.int(v.c.add(row.mul(v.cStride)));
    const residual = f.int(v.residual.add(row.mul(v.cStride)).where(v.residual, 0));
    const shared = { a, bias: v.bias, aStride: v.aStride, k: v.k, rows, panelBytes };

    f.call(wide, { ...shared, b: v.panels, c, residual, cStride: v.cStride, firstPanel, lastPanel: lastWhole });
    f.if(lastWhole.greater(firstPanel), () => {
      const start = c.add(firstPanel.mul(width * 4));
      emitEpilogue(f, v.epilogue, { start, stride: v.cStride, rows, columns: lastWhole.sub(firstPanel).mul(width) });
    });
    f.if(lastPanel.greater(wholePanels), () => {
      const stride = width * 4;
      const scratch = f.int(v.scratch.add(thread.mul(v.scratchBytes)));
      const oldScratch = f.int(scratch.add(rows.mul(stride)).where(residual, 0));
      const along = f.int(wholePanels.mul(stride));
      const bytes = f.int(v.columns.shiftLeft(2).sub(along));
      f.if(residual, () => copyRows(f, residual.add(along), v.cStride, oldScratch, stride, rows, bytes));
      f.call(wide, {
        ...shared,
        bias: v.bias.add(along),
        b: v.panels.add(wholePanels.mul(panelBytes)),
        c: scratch,
        residual: oldScratch,
        cStride: stride,
        firstPanel: 0,
        lastPanel: 1,
      });
      emitEpilogue(f, v.epilogue, { start: scratch, stride, rows, columns: width });
      copyRows(f, scratch, stride, c.add(along), v.cStride, rows, bytes);
    });
  },
);

function emitEpilogue(
  f: FunctionBuilder,
  epilogue: Int,
  part: { start: Int; stride: IntLike; rows: Int; columns: IntLike },
): void {
  const eachRow = (formula: Parameters<typeof mapFloats>[2]) => {
    const start = f.int(part.start);
    const count = f.int(part.columns);
    f.for(0, part.rows, 1, () => {
      const pointer = f.int(start);
      mapFloats(f, { inputs: [pointer], output: pointer, count }, formula);
      start.increase(part.stride);
    });
  };
  f.if(epilogue.equals(epilogues.gelu), () => eachRow((x) => gelu(f, x)));
  f.if(epilogue.equals(epilogues.relu), () => eachRow((x) => x.atLeast(vectorZero())));
}

/** Copies `bytes` of each row from one stride to another. */
function copyRows(
  f: FunctionBuilder,
  source: IntLike,
  sourceStride: IntLike,
  target: IntLike,
  targetStride: IntLike,
  rows: Int,
  bytes: Int,
): void {
  const from = f.int(source);
  const to = f.int(target);
  f.for(0, rows, 1, () => {
    f.copyBytes(to, from, bytes);
    from.increase(sourceStride);
    to.increase(targetStride);
  });
}
