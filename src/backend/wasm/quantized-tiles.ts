import type { FunctionBuilder, FunctionHandle, VectorVariable } from "./function-builder.js";
import type { RegisterBlock } from "./matrix-tiles.js";
import type { ModuleBuilder } from "./module-builder.js";
import { type Int, type IntLike, load, loadSplat, type Vector, vectorOfInt, vectorZero } from "./values.js";

/**
 * How numbers of a quantized product are stored. "u8": rows of A as unsigned bytes with a zero point of their own, B as signed bytes, four to a
 * word, by an instruction that is exact for these on some machines only. "u7": the same with 7 bits, which are exact everywhere, and a scale and
 * zero point for each stretch of a row, which makes up for the bit. "i12": rows of A as 12-bit integers around zero, B's bytes as 16-bit
 * integers, two to a word; exact everywhere that k is at most 8192.
 */
export type QuantizedKind = "u8" | "u7" | "i12";
/** Elements in a word of 32 bits. */
export const PER_WORD: Record<QuantizedKind, number> = { u8: 4, u7: 4, i12: 2 };

/** More words than any row has. */
export const WHOLE_ROW = 2 ** 16;
/** Words of a row that share a scale. Where they end, sums become float32: every 96 elements that takes 3 %. */
export const GROUP_WORDS: Record<QuantizedKind, number> = { u8: WHOLE_ROW, u7: 24, i12: WHOLE_ROW };

/** Stretches of a row of k elements that have a scale of their own. */
export const quantizedGroups = (k: number, kind: QuantizedKind): number =>
  Math.ceil(quantizedWords(k, kind) / GROUP_WORDS[kind]);

/** Words of 32 bits that a row of k elements takes. */
export const quantizedWords = (k: number, kind: QuantizedKind): number => Math.ceil(k / PER_WORD[kind]);
/** Above, sums of 12-bit products may not fit 32 bits. */
export const LONGEST_QUANTIZED: Record<QuantizedKind, number> = { u8: 65536, u7: 65536, i12: 8192 };

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
  /** Bytes from a row's scales to the next row's. */
  scaleStride: "int",
} as const;

const { scaleStride: _, ...SHARED } = TILE;
const TILES = { ...SHARED, rows: "int", panelBytes: "int", firstPanel: "int", lastPanel: "int" } as const;

/** As `MatrixTiles`, of quantized numbers; see `defineQuantizedTiles`. */
export type QuantizedTiles = FunctionHandle<typeof TILES> & {
  readonly block: RegisterBlock;
  readonly kind: QuantizedKind;
};

/**
 * Emits C = A B + bias + residual for A = start + scale · q of each row, or of each stretch of it, and B = scale · w of each column: the sum over
 * k of q · w is one of integers, and start · Σ w, with Σ w of each column known, is added after. `rowScales` and `rowStarts` are
 * `[rows][groups]`, `columnSums` `[panel][groups][columns]`. The residual may be C itself where there is one group.
 */
export function defineQuantizedTiles(
  m: ModuleBuilder,
  { block, kind }: { block: RegisterBlock; kind: QuantizedKind },
  groupWords = GROUP_WORDS[kind],
): QuantizedTiles {
  const tileOf = Array.from({ length: block.rows }, (_, i) =>
    defineTile(m, { rows: i + 1, columns: block.columns }, kind, groupWords),
  );
  const tiles = m.define(undefined, TILES, (f, p) => {
    const panel = f.int(p.firstPanel);
    const [a, c, residual, left] = [f.int(0), f.int(0), f.int(0), f.int(0)];
    const [rowScales, rowStarts, along] = [f.int(0), f.int(0), f.int(0)];
    const groups = f.int(p.words.add(groupWords - 1).div(groupWords));
    const scaleStride = f.int(groups.shiftLeft(2));
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
        columnSums: p.columnSums.add(along.mul(groups)),
        rowScales,
        rowStarts,
        scaleStride,
      });
    const goDown = (rows: IntLike) => {
      a.increase(p.aStride.mul(rows));
      c.increase(p.cStride.mul(rows));
      residual.set(residual.add(p.cStride.mul(rows)).where(p.residual, 0));
      rowScales.increase(scaleStride.mul(block.rows));
      rowStarts.increase(scaleStride.mul(block.rows));
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

function defineTile(
  m: ModuleBuilder,
  { rows, columns }: RegisterBlock,
  kind: QuantizedKind,
  groupWords: number,
): FunctionHandle<typeof TILE> {
  return m.define(undefined, TILE, (f, p) => {
    const vectors = columns / 4;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.blankVector()));
    const right = Array.from({ length: vectors }, () => f.blankVector());
    const left = f.blankVector();
    const { a, b, words, rowScales, rowStarts, columnSums } = p;
    const [at, scaleAt, startAt] = [f.int(0), f.int(0), f.int(0)];
    const [taken, remaining, isLater] = [f.int(0), f.int(0), f.int(0)];
    const dot = dotOf(f, kind);
    const pointers = [a];
    for (let i = 1; i < rows; i++) pointers.push(f.int(pointers[i - 1]!.add(p.aStride)));
    const eachSum = (start: Int, body: (sum: VectorVariable, offset: number) => void) => {
      at.set(start);
      for (const row of sums) {
        for (const [j, sum] of row.entries()) body(sum, j * 16);
        at.increase(p.cStride);
      }
    };
    const addMemory = (start: Int) => eachSum(start, (sum, offset) => sum.set(sum.add(load(at, offset))));

    f.doWhile(
      () => {
        for (const sum of sums.flat()) sum.set(vectorZero());
        taken.set(words.min(groupWords));
        remaining.set(taken);
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
          remaining.tee(remaining.sub(1)),
        );
        // Everything is computed before the stores, which stay side by side for V8's revectorizer.
        for (const [j, vector] of right.entries()) vector.set(load(columnSums, j * 16));
        scaleAt.set(rowScales);
        startAt.set(rowStarts);
        for (const row of sums) {
          left.set(loadSplat(scaleAt));
          for (const sum of row) sum.set(sum.toFloats().mul(left));
          left.set(loadSplat(startAt));
          for (const [j, sum] of row.entries()) sum.set(f.multiplyAdd(left, right[j]!, sum));
          scaleAt.increase(p.scaleStride);
          startAt.increase(p.scaleStride);
        }
        f.if(isLater, () => addMemory(p.c));
        isLater.set(1);
        for (const pointer of [rowScales, rowStarts]) pointer.increase(4);
        columnSums.increase(columns * 4);
        f.if(words.equals(taken), () => {
          for (const [j, vector] of right.entries()) vector.set(load(p.columnScales, j * 16));
          for (const row of sums) for (const [j, sum] of row.entries()) sum.set(sum.mul(right[j]!));
          for (const [j, vector] of right.entries()) vector.set(load(p.bias, j * 16));
          for (const row of sums) for (const [j, sum] of row.entries()) sum.set(sum.add(right[j]!));
          f.if(p.residual, () => addMemory(p.residual));
        });
        eachSum(p.c, (sum, offset) => f.store(at, sum, offset));
      },
      words.tee(words.sub(taken)),
    );
  });
}

/** Lanes as integers: the sum plus the products of a word of the right side with one of the left side. */
export function dotOf(
  f: FunctionBuilder,
  kind: QuantizedKind,
): (weights: Vector, values: Vector, sum: Vector) => Vector {
  if (kind === "u8") return (weights, values, sum) => weights.dotBytes(values, sum);
  if (kind === "i12") return (weights, values, sum) => sum.addInt(weights.dotShorts(values));
  // In two steps: for both in one instruction V8 before Turboshaft makes the ones anew each time, and in version 11 its sums were seen wrong.
  const ones = onesOf(f, "i12");
  return (weights, values, sum) => sum.addInt(weights.dotBytesToShorts(values).dotShorts(ones));
}

/** A word of ones in each lane. */
export const onesOf = (f: FunctionBuilder, kind: QuantizedKind): Vector =>
  f.vector(vectorOfInt(kind === "i12" ? 0x00010001 : 0x01010101));
