import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { epilogues, multiply } from "../tasks/multiply.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { checkShape, type Kernel } from "./define-kernel.js";

/** A block of A stays in the second cache: half a megabyte or more on every machine of interest. */
const BLOCK_BYTES = 384 * 1024;
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

/** C = epilogue(A B + bias) + residual on all threads. */
export function product(backend: VitrailBackend, p: Product): void {
  const { rows, k, columns } = p;
  const { rows: height, columns: width } = backend.plan.wide;
  const tiles = Math.ceil(rows / height);
  const panels = Math.ceil(columns / width);
  const tilesThatFit = Math.max(1, Math.min(tiles, Math.floor(BLOCK_BYTES / (k * 4 * height))));
  const blocks = Math.ceil(tiles / tilesThatFit);
  const rowsPerBlock = Math.ceil(tiles / blocks) * height;
  const wanted = Math.max(
    1,
    Math.min(panels, Math.round(FLOPS_PER_TASK / (2 * Math.min(rows, rowsPerBlock) * width * k))),
  );
  const { size: threads } = backend.pool;
  const even = Math.ceil(panels / wanted);
  const panelsPerChunk = Math.ceil(panels / (even > 1 ? Math.ceil(even / threads) * threads : 1));
  const chunks = Math.ceil(panels / panelsPerChunk);
  const scratchBytes = 2 * rowsPerBlock * width * 4;
  backend.pool.run(
    multiply,
    {
      a: p.a,
      panels: p.panels,
      c: p.c,
      bias: p.bias ?? backend.zeros(columns + width),
      residual: p.residual ?? 0,
      aStride: k * 4,
      cStride: columns * 4,
      rows,
      columns,
      k,
      rowsPerBlock,
      panelsPerChunk,
      chunks,
      epilogue: epilogues[p.epilogue ?? "none"],
      scratch: columns % width ? backend.scratch(scratchBytes * backend.pool.capacity) : 0,
      scratchBytes,
    },
    Math.ceil(rows / rowsPerBlock) * chunks,
  );
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
    product(backend, {
      a: backend.address(x),
      panels: backend.panels(kernel, k, columns, "k"),
      c: out.start,
      rows: util.sizeFromShape(x.shape) / k,
      k,
      columns,
      epilogue: activation ?? "none",
      ...extra("bias"),
      ...extra("residual"),
    });
    return out;
  },
};
