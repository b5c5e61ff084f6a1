import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { quantizedParts } from "../matrix-formats/quantized-matrix.js";
import type { Half, Quantized } from "../storage.js";
import { epilogues, multiply, multiplyHalf, multiplyQuantized } from "../tasks/multiply.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import type { RegisterBlock } from "../wasm/matrix-tiles.js";
import { checkShape, type Kernel } from "./define-kernel.js";
import { quantizedRows } from "./quantized-rows.js";

/** A block of A stays in the second cache: half a megabyte or more on every machine of interest. */
const BLOCK_BYTES = 384 * 1024;
/** Even where a block leaves the second cache then: each block reads all of B from beyond that cache. */
const LEAST_ROWS = 128;
/** More, so that a panel is widened for more rows, though part of A may leave the second cache in between. */
const HALF_BLOCK_BYTES = 2 * BLOCK_BYTES;
/** Large enough that dispatching costs nothing, small enough that threads end together. */
const FLOPS_PER_TASK = 8e6;

export interface Product {
  /** Address of `[rows, k]`. */
  a: number;
  /** Address of `[k, columns]` in panels. */
  panels: number;
  /** Address of `[rows, columns]`. */
  c: number;
  rows: number;
  k: number;
  columns: number;
  /** Address of `[columns]`. */
  bias?: number;
  /** Address of `[rows, columns]`; not together with an epilogue. */
  residual?: number;
  epilogue?: keyof typeof epilogues;
}

/** The fields that all kinds of products share, and the number of tasks. `words` of 32 bits are along k. */
function cut(
  backend: VitrailBackend,
  p: Omit<Product, "a">,
  { rows: height, columns: width }: RegisterBlock,
  words: number,
  blockBytes = BLOCK_BYTES,
) {
  const { rows, columns } = p;
  const tiles = Math.ceil(rows / height);
  const panels = Math.ceil(columns / width);
  const leastRows = Math.max(LEAST_ROWS, blockBytes / (words * 4));
  const blocks = Math.max(1, Math.floor(rows / leastRows));
  const rowsPerBlock = Math.ceil(tiles / blocks) * height;
  const flopsPerPanel = 2 * Math.min(rows, rowsPerBlock) * width * words;
  const wanted = Math.max(1, Math.min(panels, Math.round(FLOPS_PER_TASK / flopsPerPanel)));
  const { size: threads } = backend.pool;
  const even = Math.ceil(panels / wanted);
  const panelsPerChunk = Math.ceil(panels / (even > 1 ? Math.ceil(even / threads) * threads : 1));
  const chunks = Math.ceil(panels / panelsPerChunk);
  const scratchBytes = 2 * rowsPerBlock * width * 4;
  const fields = {
    panels: p.panels,
    c: p.c,
    bias: p.bias ?? backend.zeros(columns + width),
    residual: p.residual ?? 0,
    cStride: columns * 4,
    rows,
    columns,
    words,
    rowsPerBlock,
    panelsPerChunk,
    chunks,
    epilogue: epilogues[p.epilogue ?? "none"],
    scratch: columns % width ? backend.scratch(scratchBytes * backend.pool.capacity) : 0,
    scratchBytes,
  };
  return { fields, tasks: Math.ceil(rows / rowsPerBlock) * chunks };
}

/** C = epilogue(A B + bias) + residual on all threads. */
export function product(backend: VitrailBackend, p: Product): void {
  const { fields, tasks } = cut(backend, p, backend.plan.wide, p.k);
  backend.pool.run(multiply, { ...fields, a: p.a, aStride: p.k * 4 }, tasks);
}

/** As `product`, by a weight of float16. */
function halfProduct(backend: VitrailBackend, p: Omit<Product, "panels">, weight: Half): void {
  const { k } = p;
  const block = backend.plan.wide;
  const { fields, tasks } = cut(backend, { ...p, panels: weight.start }, block, k, HALF_BLOCK_BYTES);
  const panelScratchBytes = k * block.columns * 4;
  const panelScratch = backend.scratch(panelScratchBytes * backend.pool.capacity);
  const widening = { k, words: Math.ceil(k / 2), panelScratch, panelScratchBytes };
  backend.pool.run(multiplyHalf, { ...fields, ...widening, a: p.a, aStride: k * 4 }, tasks);
}

/** As `product`, by a weight that is quantized: the rows of x are quantized too, each by itself. */
function quantizedProduct(
  backend: VitrailBackend,
  x: TensorInfo,
  p: Omit<Product, "a" | "panels">,
  weight: Quantized,
): void {
  const { groups, scales: columnScales, sums: columnSums } = quantizedParts(backend, weight);
  const { start: a, words, scales: rowScales, starts: rowStarts } = quantizedRows(backend, x, p.k);
  const { fields, tasks } = cut(backend, { ...p, panels: weight.start }, backend.plan.quantized.block, words);
  const scales = { columnScales, columnSums, rowScales, rowStarts, groups };
  backend.pool.run(multiplyQuantized, { ...fields, ...scales, a, aStride: words * 4 }, tasks);
}

/** `residual + activation(x W + bias)`: inputs in the order x, kernel, then those that `extras` names */
export const linear: Kernel = {
  name: "VitrailLinear",
  compute(backend, inputs, { activation, extras }: { activation?: "gelu" | "relu"; extras: string[] }) {
    const [x, kernel, ...rest] = Object.values(inputs) as [TensorInfo, TensorInfo, ...TensorInfo[]];
    const extra = (name: string) =>
      extras.includes(name) ? { [name]: backend.address(rest[extras.indexOf(name)]!) } : {};
    const [k, columns] = kernel.shape as [number, number];
    const shape = [...x.shape.slice(0, -1), columns];
    checkShape("VitrailLinear", "x", x, [...x.shape.slice(0, -1), k]);
    for (const [i, name] of extras.entries())
      checkShape("VitrailLinear", name, rest[i]!, name === "bias" ? [columns] : shape);
    const out = backend.output(shape);
    const p = {
      c: out.start,
      rows: util.sizeFromShape(x.shape) / k,
      k,
      columns,
      epilogue: activation ?? ("none" as const),
      ...extra("bias"),
      ...extra("residual"),
    };
    const { place } = backend.storage(kernel.dataId);
    if (place.at === "quantized") quantizedProduct(backend, x, p, place);
    else if (place.at === "half") halfProduct(backend, { ...p, a: backend.address(x) }, place);
    else product(backend, { ...p, a: backend.address(x), panels: backend.panels(kernel, k, columns, "k") });
    return out;
  },
};
