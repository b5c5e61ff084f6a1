import {
  add,
  concat,
  type GradConfig,
  mul,
  neg,
  reshape,
  slice,
  stack,
  type Tensor,
  tensor2d,
  unstack,
} from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/** Rotary angles of a grid of patches; plain data, so that it can be made once and belongs to no backend. */
export interface RotaryTable {
  /** Sines, `[patches, size]`, every angle twice. */
  readonly sin: Float32Array;
  /** Cosines, `[patches, size]`, every angle twice. */
  readonly cos: Float32Array;
  readonly patches: number;
  /** Channels of a head; a multiple of 4. */
  readonly size: number;
}

/** EVA-02's frequencies go from 1 down to nearly 1 / 10000 (timm: `rope_temperature`). */
const TEMPERATURE = 10000;

/**
 * Two-dimensional rotary positions as in EVA-02: the first half of a head's channels turns by the row, the second by the column. Places are
 * scaled from the grid at hand to the grid that the model was pretrained on.
 *
 * Computed in double and rounded once, so the table is closer to the mathematics than PyTorch's float32 chain.
 */
export function rotaryTable(
  grid: { rows: number; columns: number },
  reference: { rows: number; columns: number },
  size: number,
): RotaryTable {
  const frequencies = Array.from({ length: size / 4 }, (_, i) => TEMPERATURE ** (-i / (size / 4)));
  const patches = grid.rows * grid.columns;
  const sin = new Float32Array(patches * size);
  const cos = new Float32Array(patches * size);
  let at = 0;
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      for (const place of [(row / grid.rows) * reference.rows, (column / grid.columns) * reference.columns]) {
        for (const frequency of frequencies) {
          const angle = place * frequency;
          sin[at] = sin[at + 1] = Math.sin(angle);
          cos[at] = cos[at + 1] = Math.cos(angle);
          at += 2;
        }
      }
    }
  }
  return { sin, cos, patches, size };
}

/**
 * Turns each pair of neighboring channels of every head by its patch's angle. Tokens before the patches (the class token) stay as they are.
 * x `[batch, tokens, heads * size]` → the same
 */
export function rotate(x: Tensor, table: RotaryTable): Tensor {
  const { patches, size } = table;
  const shape: [number, number] = [patches, size];
  return fusedKernel("VitrailRotary", { x }, { table }, () => {
    const [batch, tokens, width] = x.shape as [number, number, number];
    const prefix = tokens - patches;
    const heads = width / size;
    const turned = reshape(slice(x, [0, prefix, 0], [batch, patches, width]), [batch, patches, heads, size]);
    const [even, odd] = unstack(reshape(turned, [batch, patches, heads, size / 2, 2]), 4) as [Tensor, Tensor];
    const quarter = reshape(stack([neg(odd), even], 4), turned.shape);
    const sin = reshape(tensor2d(table.sin, shape), [1, patches, 1, size]);
    const cos = reshape(tensor2d(table.cos, shape), [1, patches, 1, size]);
    const rotated = reshape(add(mul(turned, cos), mul(quarter, sin)), [batch, patches, width]);
    return concat([slice(x, [0, 0, 0], [batch, prefix, width]), rotated], 1);
  });
}

const reversed = new WeakMap<RotaryTable, RotaryTable>();

/** The table that turns back; the same one each time, since backends keep what they made of a table. */
function reverse(table: RotaryTable): RotaryTable {
  const known = reversed.get(table);
  if (known) return known;
  const back = { ...table, sin: table.sin.map((value) => -value) };
  reversed.set(table, back);
  return back;
}

export const rotaryGradient: GradConfig = {
  kernelName: "VitrailRotary",
  gradFunc: (dy, _, attributes) => ({
    x: () => rotate(dy as Tensor, reverse((attributes as unknown as { table: RotaryTable }).table)),
  }),
};
