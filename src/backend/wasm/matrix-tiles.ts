import type { FunctionHandle, VectorVariable } from "./function-builder.js";
import type { ModuleBuilder } from "./module-builder.js";
import { type Int, type IntLike, load, loadSplat, vectorZero } from "./values.js";

/** `rows` × `columns` of a product that stay in registers while one loop over k runs. `columns` is also the width of a packed panel. */
export interface RegisterBlock {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Longest chain of multiply-adds before it is added to what came before. A dot product's rounding error grows with its chain: at k = 3072 one
 * chain is 3.4 times as wrong as chains of 256. Chains of 96 take no measurable time either (ViT-B/16: within 1 %), and a classifier's few
 * logits, whose only error is their last product's, need them: with 256 a ViT-Ti's were at 1.6 times PyTorch float32's own error.
 */
const LONGEST_CHAIN = 96;

const TILE = {
  a: "int",
  b: "int",
  c: "int",
  k: "int",
  bias: "int",
  residual: "int",
  aStride: "int",
  cStride: "int",
} as const;

const TILES = {
  a: "int",
  b: "int",
  c: "int",
  bias: "int",
  residual: "int",
  aStride: "int",
  cStride: "int",
  k: "int",
  rows: "int",
  panelBytes: "int",
  firstPanel: "int",
  lastPanel: "int",
} as const;

/** C = A B + bias + residual for all `rows` rows and the panels from `firstPanel` to before `lastPanel`. Strides in bytes. */
export type MatrixTiles = FunctionHandle<typeof TILES> & { readonly block: RegisterBlock };

/**
 * Emits the product of a row-major A, read in place, with a packed B `[panel][k][columns]`. `bias` has a value a column; `residual` has the
 * layout of C, may be C itself, and 0 stands for none.
 *
 * The loop over panels is outside, so that a panel (24 to 98 KB) stays in the first cache while the rows of A, which the caller keeps small
 * enough for the second, pass by. The row stride is an argument and not an immediate: one module serves every shape, and nothing is compiled
 * after the start.
 */
export function defineMatrixTiles(m: ModuleBuilder, block: RegisterBlock): MatrixTiles {
  const tileOf = Array.from({ length: block.rows }, (_, i) => defineTile(m, i + 1, block.columns));
  const tiles = m.define(undefined, TILES, (f, p) => {
    const panel = f.int(p.firstPanel);
    const [a, b, c, bias, residual, left] = [f.int(0), f.int(0), f.int(0), f.int(0), f.int(0), f.int(0)];
    const callTile = (tile: FunctionHandle<typeof TILE>) =>
      f.call(tile, { a, b, c, k: p.k, bias, residual, aStride: p.aStride, cStride: p.cStride });
    const goDown = (rows: IntLike) => {
      a.increase(p.aStride.mul(rows));
      c.increase(p.cStride.mul(rows));
      residual.set(residual.add(p.cStride.mul(rows)).where(p.residual, 0));
    };
    f.while(panel.less(p.lastPanel), () => {
      const along = panel.mul(block.columns * 4);
      a.set(p.a);
      b.set(p.b.add(panel.mul(p.panelBytes)));
      c.set(p.c.add(along));
      bias.set(p.bias.add(along));
      residual.set(p.residual.add(along).where(p.residual, 0));
      left.set(p.rows);
      f.while(left.atLeast(block.rows), () => {
        callTile(tileOf[block.rows - 1]!);
        goDown(block.rows);
        left.set(left.sub(block.rows));
      });
      for (let rest = 1; rest < block.rows; rest++) f.if(left.equals(rest), () => callTile(tileOf[rest - 1]!));
      panel.increase(1);
    });
  });
  return { ...tiles, block };
}

/**
 * One block of C. The form of the inner loop is what V8's register allocator needs: one k an iteration, the vectors of B first, then for each
 * row one splat of A and its multiply-adds; accumulators + columns / 4 + (rows or 1) must fit 15 registers, see `register-blocks.ts`.
 */
function defineTile(m: ModuleBuilder, rows: number, columns: number): FunctionHandle<typeof TILE> {
  return m.define(undefined, TILE, (f, { a, b, c, k, bias, residual, aStride, cStride }) => {
    const vectors = columns / 4;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.blankVector()));
    const right = Array.from({ length: vectors }, () => f.blankVector());
    const left = f.blankVector();
    const at = f.int(0);
    const remaining = f.int(0);
    const taken = f.int(0);
    // A residual in C's place is what came before; one elsewhere is added at the end.
    const isLater = f.int(residual.equals(c));
    const isApart = f.int(residual.where(residual.sub(c), 0));
    const pointers = [a];
    for (let i = 1; i < rows; i++) pointers.push(f.int(pointers[i - 1]!.add(aStride)));

    const eachSum = (start: Int, body: (sum: VectorVariable, offset: number) => void) => {
      at.set(start);
      for (const row of sums) {
        for (const [j, sum] of row.entries()) body(sum, j * 16);
        at.increase(cStride);
      }
    };
    const addMemory = (start: Int) => eachSum(start, (sum, offset) => sum.set(sum.add(load(at, offset))));

    f.doWhile(
      () => {
        for (const sum of sums.flat()) sum.set(vectorZero());
        taken.set(k.min(LONGEST_CHAIN));
        remaining.set(taken);
        f.doWhile(
          () => {
            for (const [j, vector] of right.entries()) vector.set(load(b, j * 16));
            for (const [i, row] of sums.entries()) {
              left.set(loadSplat(pointers[i]!));
              for (const [j, sum] of row.entries()) sum.set(f.multiplyAdd(left, right[j]!, sum));
            }
            for (const pointer of pointers) pointer.increase(4);
            b.increase(columns * 4);
          },
          remaining.tee(remaining.sub(1)),
        );
        f.if(isLater, () => addMemory(c));
        isLater.set(1);
        // Bias and residual come last: as the first summand, every later addition would round at their size.
        f.if(k.equals(taken), () => {
          for (const [j, vector] of right.entries()) vector.set(load(bias, j * 16));
          for (const row of sums) for (const [j, sum] of row.entries()) sum.set(sum.add(right[j]!));
          f.if(isApart, () => addMemory(residual));
        });
        eachSum(c, (sum, offset) => f.store(at, sum, offset));
      },
      k.tee(k.sub(taken)),
    );
  });
}
