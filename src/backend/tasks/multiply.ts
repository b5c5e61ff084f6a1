import { defineTask, type Library, type TaskContext } from "../task.js";
import type { FunctionBuilder, Variables } from "../wasm/function-builder.js";
import { gelu, mapFloats } from "../wasm/functions.js";
import type { RegisterBlock } from "../wasm/matrix-tiles.js";
import { type Int, type IntLike, vectorZero } from "../wasm/values.js";
import { readFour } from "./pack.js";

/** What a product does to its sums before they leave the cache. */
export const epilogues = { none: 0, gelu: 1, relu: 2 } as const;

const PRODUCT = {
  a: "int",
  panels: "int",
  c: "int",
  bias: "int",
  residual: "int",
  aStride: "int",
  cStride: "int",
  rows: "int",
  columns: "int",
  /** Words of 32 bits along k. */
  words: "int",
  rowsPerBlock: "int",
  panelsPerChunk: "int",
  chunks: "int",
  epilogue: "int",
  scratch: "int",
  scratchBytes: "int",
} as const;

/** The part of a product that one call of the tiles computes. */
interface Part {
  a: Int;
  b: Int;
  c: Int;
  bias: Int;
  residual: Int;
  aStride: Int;
  cStride: IntLike;
  words: Int;
  rows: Int;
  panelBytes: Int;
  firstPanel: IntLike;
  lastPanel: IntLike;
  /** First row of the part. */
  row: Int;
  /** Bytes of a row of float32 before the part's first column. */
  along: IntLike;
}

/**
 * C = epilogue(A B + bias) + residual, B in panels of a block. A task is a block of rows by a chunk of panels. The panel that hangs over C's right
 * edge goes through the thread's scratch. A residual asks for the epilogue "none".
 */
function defineProduct<More extends Record<string, "int">>(
  name: string,
  more: More,
  blockOf: (library: Library) => RegisterBlock,
  callTiles: (f: FunctionBuilder, context: TaskContext, part: Part, more: Variables<More>) => void,
) {
  return defineTask<typeof PRODUCT & More>(name, { ...PRODUCT, ...more }, (f, values, context) => {
    const { task, thread, library } = context;
    const v = values as Variables<typeof PRODUCT>;
    const call = (part: Part) => callTiles(f, context, part, values as unknown as Variables<More>);
    const width = blockOf(library).columns;
    const panelBytes = f.int(v.words.mul(width * 4));
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
    const shared = { a, bias: v.bias, aStride: v.aStride, words: v.words, rows, panelBytes, row };

    call({ ...shared, b: v.panels, c, residual, cStride: v.cStride, firstPanel, lastPanel: lastWhole, along: 0 });
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
      call({
        ...shared,
        bias: v.bias.add(along),
        b: v.panels.add(wholePanels.mul(panelBytes)),
        c: scratch,
        residual: oldScratch,
        cStride: stride,
        firstPanel: 0,
        lastPanel: 1,
        along,
      });
      emitEpilogue(f, v.epilogue, { start: scratch, stride, rows, columns: width });
      copyRows(f, scratch, stride, c.add(along), v.cStride, rows, bytes);
    });
  });
}

/** A product of float32, B in panels of the wide block. */
export const multiply = defineProduct(
  "multiply",
  {},
  ({ wide }) => wide.block,
  (f, { library: { wide } }, { words, row: _row, along: _along, ...part }) => f.call(wide, { ...part, k: words }),
);

/** A product of quantized rows and a quantized weight, see `wasm/quantized-tiles.ts`. */
export const multiplyQuantized = defineProduct(
  "multiplyQuantized",
  { columnScales: "int", columnSums: "int", rowScales: "int", rowStarts: "int", groups: "int" },
  ({ quantized }) => quantized.block,
  (f, { library: { quantized } }, { row, along, ...part }, v) =>
    f.call(quantized, {
      ...part,
      columnScales: v.columnScales.add(along),
      columnSums: v.columnSums.add(v.groups.mul(along)),
      rowScales: v.rowScales.add(row.mul(v.groups).shiftLeft(2)),
      rowStarts: v.rowStarts.add(row.mul(v.groups).shiftLeft(2)),
    }),
);

/** A product by a weight of float16: each panel is widened into the thread's scratch, where all rows of the block meet it. */
export const multiplyHalf = defineProduct(
  "multiplyHalf",
  { k: "int", panelScratch: "int", panelScratchBytes: "int" },
  ({ wide }) => wide.block,
  (f, { library: { wide }, thread }, { row: _row, along: _along, words: _words, panelBytes, ...part }, v) => {
    const widened = f.int(v.panelScratch.add(thread.mul(v.panelScratchBytes)));
    f.for(part.firstPanel, part.lastPanel, 1, (panel) => {
      const from = f.int(part.b.add(panel.mul(panelBytes)));
      const to = f.int(widened);
      f.for(0, v.k.mul(wide.block.columns / 4), 1, () => {
        f.store(to, readFour(f, "F16", from));
        from.increase(8);
        to.increase(16);
      });
      const offset = f.int(panel.mul(wide.block.columns * 4));
      f.call(wide, {
        ...part,
        b: widened,
        c: part.c.add(offset),
        bias: part.bias.add(offset),
        residual: part.residual.add(offset).where(part.residual, 0),
        k: v.k,
        panelBytes: 0,
        firstPanel: 0,
        lastPanel: 1,
      });
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
  f.if(epilogue.equals(epilogues.gelu), () => eachRow((x) => gelu(f, x!)));
  f.if(epilogue.equals(epilogues.relu), () => eachRow((x) => x!.atLeast(vectorZero())));
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
