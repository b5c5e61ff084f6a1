import type { FunctionHandle, VectorVariable } from "./function-builder.js";
import type { RegisterBlock } from "./matrix-tiles.js";
import type { ModuleBuilder } from "./module-builder.js";
import { type Int, type IntLike, load, loadSplat, type Vector } from "./values.js";

/**
 * How numbers of a quantized product are stored. "u8": rows of A as unsigned bytes with a zero point of their own, B as signed bytes, four to a
 * word, by an instruction that is exact for these on some machines only. "i12": rows of A as 12-bit integers around zero, B's bytes as 16-bit
 * integers, two to a word; exact everywhere that k is at most 8192.
 */
export type QuantizedKind = "u8" | "i12";
/** Elements in a word of 32 bits. */
export const PER_WORD: Record<QuantizedKind, number> = { u8: 4, i12: 2 };

/** Words of 32 bits that a row of k elements takes. */
export const quantizedWords = (k: number, kind: QuantizedKind): number => Math.ceil(k / PER_WORD[kind]);
/** Above, sums of 12-bit products may not fit 32 bits. */
export const LONGEST_QUANTIZED: Record<QuantizedKind, number> = { u8: 65536, i12: 8192 };

const TILE = {
  a: "int",
  b: "int",
  c: "int",
  words: "int",
  bias: "int",
  residual: "int",
  aStride: "int",
  cStride: "int",
  columnScales: "int",
  columnSums: "int",
  rowScales: "int",
  rowStarts: "int",
} as const;

const TILES = { ...TILE, rows: "int", panelBytes: "int", firstPanel: "int", lastPanel: "int" } as const;

/** As `MatrixTiles`, of quantized numbers; see `defineQuantizedTiles`. */
export type QuantizedTiles = FunctionHandle<typeof TILES> & {
  readonly block: RegisterBlock;
  readonly kind: QuantizedKind;
};

/**
 * Emits C = A B + bias + residual for A = start + scale · q of each row and B = scale · w of each column: the sum over k of q · w is one of
 * integers, and start · scale · Σ w, with Σ w of each column known, is added after. `columnSums` are those sums times the columns' scales.
 */
export function defineQuantizedTiles(m: ModuleBuilder, block: RegisterBlock, kind: QuantizedKind): QuantizedTiles {
  const tileOf = Array.from({ length: block.rows }, (_, i) => defineTile(m, i + 1, block.columns, kind));
  const tiles = m.define(undefined, TILES, (f, p) => {
    const panel = f.int(p.firstPanel);
    const [a, c, residual, left] = [f.int(0), f.int(0), f.int(0), f.int(0)];
    const [rowScales, rowStarts, along] = [f.int(0), f.int(0), f.int(0)];
    const callTile = (tile: FunctionHandle<typeof TILE>) =>
      f.call(tile, {
        a,
        b: p.b.add(panel.mul(p.panelBytes)),
        c,
        words: p.words,
        bias: p.bias.add(along),
        residual,
        aStride: p.aStride,
        cStride: p.cStride,
        columnScales: p.columnScales.add(along),
        columnSums: p.columnSums.add(along),
        rowScales,
        rowStarts,
      });
    const goDown = (rows: IntLike) => {
      a.increase(p.aStride.mul(rows));
      c.increase(p.cStride.mul(rows));
      residual.set(residual.add(p.cStride.mul(rows)).where(p.residual, 0));
      rowScales.increase(block.rows * 4);
      rowStarts.increase(block.rows * 4);
    };
    f.while(panel.less(p.lastPanel), () => {
      along.set(panel.mul(block.columns * 4));
      a.set(p.a);
      c.set(p.c.add(along));
      residual.set(p.residual.add(along).where(p.residual, 0));
      rowScales.set(p.rowScales);
      rowStarts.set(p.rowStarts);
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
  return { ...tiles, block, kind };
}

function defineTile(m: ModuleBuilder, rows: number, columns: number, kind: QuantizedKind): FunctionHandle<typeof TILE> {
  return m.define(undefined, TILE, (f, p) => {
    const vectors = columns / 4;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.vector()));
    const right = Array.from({ length: vectors }, () => f.blankVector());
    const left = f.blankVector();
    const { a, b, words } = p;
    const pointers = [a];
    for (let i = 1; i < rows; i++) pointers.push(f.int(pointers[i - 1]!.add(p.aStride)));
    const dot = (weights: Vector, values: Vector, sum: Vector) =>
      kind === "u8" ? weights.dotBytes(values, sum) : sum.addInt(weights.dotShorts(values));
    f.doWhile(
      () => {
        for (const [j, vector] of right.entries()) vector.set(load(b, j * 16));
        for (const [i, row] of sums.entries()) {
          left.set(loadSplat(pointers[i]!));
          for (const [j, sum] of row.entries()) sum.set(dot(right[j]!, left, sum));
        }
        for (const pointer of pointers) pointer.increase(4);
        b.increase(columns * 4);
      },
      words.tee(words.sub(1)),
    );
    // Everything is computed before the stores, which stay side by side for V8's revectorizer.
    for (const [j, vector] of right.entries()) vector.set(load(p.columnScales, j * 16));
    for (const [i, row] of sums.entries()) {
      left.set(loadSplat(p.rowScales, i * 4));
      for (const [j, sum] of row.entries()) sum.set(sum.toFloats().mul(right[j]!).mul(left));
    }
    for (const [j, vector] of right.entries()) vector.set(load(p.columnSums, j * 16));
    for (const [i, row] of sums.entries()) {
      left.set(loadSplat(p.rowStarts, i * 4));
      for (const [j, sum] of row.entries()) sum.set(f.multiplyAdd(left, right[j]!, sum));
    }
    for (const [j, vector] of right.entries()) vector.set(load(p.bias, j * 16));
    for (const row of sums) for (const [j, sum] of row.entries()) sum.set(sum.add(right[j]!));
    const at = f.int(0);
    const eachSum = (start: Int, body: (sum: VectorVariable, offset: number) => void) => {
      at.set(start);
      for (const row of sums) {
        for (const [j, sum] of row.entries()) body(sum, j * 16);
        at.increase(p.cStride);
      }
    };
    f.if(p.residual, () => eachSum(p.residual, (sum, offset) => sum.set(sum.add(load(at, offset)))));
    eachSum(p.c, (sum, offset) => f.store(at, sum, offset));
  });
}
