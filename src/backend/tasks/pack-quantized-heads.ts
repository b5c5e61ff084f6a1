import { defineTask } from "../task.js";
import type { FunctionBuilder, IntVariable } from "../wasm/function-builder.js";
import { mapFloats, maxMagnitude } from "../wasm/functions.js";
import { dotOf, onesOf, PER_WORD, type QuantizedKind } from "../wasm/quantized-tiles.js";
import { type Int, load, loadInt, Real, type Vector, vectorOfInt, vectorZero } from "../wasm/values.js";
import { quantizeRow, quantizeWholeRow, SMALLEST_RANGE } from "./quantize.js";

/** Largest magnitude of a key's or a value's integer: what is left of 32 bits for sums over 240 tokens is enough for 12 bits. */
const LARGEST: Record<QuantizedKind, number> = { u8: 127, u7: 127, i12: 2047 };

/**
 * One head's queries, keys and values as small integers, for `attendQuantized`. A task is a head.
 *
 * Queries: rows `[tokens][words]`, as `quantizeRows` makes them. Keys: panels `[panel][words][width]` with a scale for each token, after the mean of all
 * keys was taken off each: the softmax does not change by what all scores have in common. Values: panels `[panel][words of tokens][width]`,
 * with a scale for each channel. Tokens past the last repeat it; channels past the last are zero.
 */
export const packQuantizedHeads = defineTask(
  "packQuantizedHeads",
  {
    queries: "int",
    keys: "int",
    values: "int",
    /** Bytes from a token to the next in those. */
    stride: "int",
    tokens: "int",
    size: "int",
    paddedSize: "int",
    /** `size` and `tokens` in words of 32 bits. */
    sizeWords: "int",
    tokenWords: "int",
    packedQueries: "int",
    queryScales: "int",
    queryStarts: "int",
    packedKeys: "int",
    keyBytes: "int",
    keyScales: "int",
    keySums: "int",
    /** `tokens` in whole panels. */
    paddedTokens: "int",
    packedValues: "int",
    valueBytes: "int",
    valueScales: "int",
    /** For each head: two rows of `paddedSize` floats, and one of words. */
    scratch: "int",
    scratchBytes: "int",
  },
  (f, v, { task: head, library }) => {
    const { kind, block } = library.quantizedAttention;
    const width = block.columns;
    const perWord = PER_WORD[kind];
    const channels = f.int(head.mul(v.size).shiftLeft(2));
    const rowBytes = f.int(v.sizeWords.shiftLeft(2));
    const last = f.int(v.tokens.sub(1));
    const scratch = f.int(v.scratch.add(head.mul(v.scratchBytes)));
    const row = f.int(scratch.add(v.paddedSize.shiftLeft(2)));
    const words = f.int(row.add(v.paddedSize.shiftLeft(2)));

    const query = f.int(v.queries.add(channels));
    const firstToken = f.int(head.mul(v.tokens));
    const packedQuery = f.int(v.packedQueries.add(firstToken.mul(rowBytes)));
    const queryScale = f.int(v.queryScales.add(firstToken.shiftLeft(2)));
    const queryStart = f.int(v.queryStarts.add(firstToken.shiftLeft(2)));
    f.for(0, v.tokens, 1, () => {
      const place = { y: packedQuery, bytes: rowBytes, scaleAt: queryScale, startAt: queryStart };
      quantizeWholeRow(f, kind, { x: query, width: v.size, ...place });
      query.increase(v.stride);
      packedQuery.increase(rowBytes);
      queryScale.increase(4);
      queryStart.increase(4);
    });

    const keys = f.int(v.keys.add(channels));
    const mean = f.int(scratch);
    meanOfRows(f, { rows: keys, stride: v.stride, count: v.tokens, width: v.size, mean });
    const firstPadded = f.int(head.mul(v.paddedTokens));
    const keyScale = f.int(v.keyScales.add(firstPadded.shiftLeft(2)));
    const keySum = f.int(v.keySums.add(firstPadded.shiftLeft(2)));
    const packedKeys = f.int(v.packedKeys.add(head.mul(v.keyBytes)));
    f.for(0, v.paddedTokens, 1, (token) => {
      const from = f.int(keys.add(token.min(last).mul(v.stride)));
      const [to, average] = [f.int(row), f.int(mean)];
      mapFloats(f, { inputs: [from, average], output: to, count: v.size }, (key, center) => key!.sub(center!));
      const scale = f.real(maxMagnitude(f, { input: row, count: v.size }).max(SMALLEST_RANGE).div(LARGEST[kind]));
      const inverse = f.real(Real.of(1).div(scale));
      quantizeRow(f, kind, "signed", { x: row, y: words, width: v.size, bytes: rowBytes, inverse, zero: Real.of(0) });
      f.storeReal(keyScale, scale);
      f.storeReal(keySum, sumOfIntegers(f, kind, words, v.sizeWords));
      const panel = f.int(token.div(width).mul(v.sizeWords).mul(width));
      const target = f.int(packedKeys.add(panel.add(token.rem(width)).shiftLeft(2)));
      const word = f.int(words);
      f.for(0, v.sizeWords, 1, () => {
        f.storeInt(target, loadInt(word));
        word.increase(4);
        target.increase(width * 4);
      });
      keyScale.increase(4);
      keySum.increase(4);
    });

    const values = f.int(v.values.add(channels));
    const valueScales = f.int(v.valueScales.add(head.mul(v.paddedSize).shiftLeft(2)));
    const inverses = f.int(scratch);
    scalesOfColumns(f, { rows: values, stride: v.stride, count: v.tokens, width: v.size, scales: valueScales, kind });
    f.clearBytes(inverses.add(v.size.shiftLeft(2)), v.paddedSize.sub(v.size).shiftLeft(2));
    f.clearBytes(valueScales.add(v.size.shiftLeft(2)), v.paddedSize.sub(v.size).shiftLeft(2));
    const [from, to] = [f.int(valueScales), f.int(inverses)];
    mapFloats(f, { inputs: [from], output: to, count: v.size }, (scale) => f.constant(1).div(scale!));
    const panelBytes = f.int(v.tokenWords.mul(width * 4));
    f.for(0, v.tokenWords, 1, (word) => {
      const first = f.int(word.mul(perWord));
      const rows = Array.from({ length: perWord }, (_, i) => f.int(values.add(first.add(i).min(last).mul(v.stride))));
      const inverse = f.int(inverses);
      const target = f.int(v.packedValues.add(head.mul(v.valueBytes)).add(word.mul(width * 4)));
      f.for(0, v.paddedSize, width, (channel) => {
        for (let lane = 0; lane < width; lane += 4) {
          f.if(
            channel.add(lane).less(v.size),
            () => f.store(target, interleave(f, kind, rows, load(inverse)), lane * 4),
            () => f.store(target, vectorZero(), lane * 4),
          );
          for (const pointer of [inverse, ...rows]) pointer.increase(16);
        }
        target.increase(panelBytes);
      });
    });
  },
);

/** Four channels of a word's tokens: each lane a channel, its tokens from the low bits up. */
function interleave(f: FunctionBuilder, kind: QuantizedKind, rows: readonly IntVariable[], scale: Vector): Vector {
  const bits = 32 / PER_WORD[kind];
  const mask = f.vector(vectorOfInt(kind !== "i12" ? 0xff : 0xffff));
  const inverse = f.vector(scale);
  const word = f.vector(vectorZero());
  for (const [i, pointer] of rows.entries()) {
    const integers = load(pointer).mul(inverse).nearest().toInts();
    word.set(word.or(integers.and(mask).shiftLeft(bits * i)));
  }
  return word;
}

interface Rows {
  rows: IntVariable;
  /** Bytes from one to the next. */
  stride: Int;
  count: Int;
  width: IntVariable;
}

function meanOfRows(f: FunctionBuilder, { rows, stride, count, width, mean }: Rows & { mean: IntVariable }): void {
  f.clearBytes(mean, width.shiftLeft(2));
  const row = f.int(rows);
  f.for(0, count, 1, () => {
    const [from, to] = [f.int(row), f.int(mean)];
    mapFloats(f, { inputs: [to, from], output: to, count: width }, (sum, value) => sum!.add(value!));
    row.increase(stride);
  });
  const factor = f.vector(Real.of(1).div(count.toReal()).splat());
  const at = f.int(mean);
  mapFloats(f, { inputs: [at], output: at, count: width }, (sum) => sum!.mul(factor));
}

/** The largest magnitude of each column as the largest integer. */
function scalesOfColumns(
  f: FunctionBuilder,
  { rows, stride, count, width, scales, kind }: Rows & { scales: IntVariable; kind: QuantizedKind },
): void {
  f.clearBytes(scales, width.shiftLeft(2));
  const row = f.int(rows);
  f.for(0, count, 1, () => {
    const [from, to] = [f.int(row), f.int(scales)];
    mapFloats(f, { inputs: [to, from], output: to, count: width }, (most, value) => most!.atLeast(value!.abs()));
    row.increase(stride);
  });
  const at = f.int(scales);
  mapFloats(f, { inputs: [at], output: at, count: width }, (most) =>
    most!.atLeast(f.constant(SMALLEST_RANGE)).mul(f.constant(1 / LARGEST[kind])),
  );
}

/** Sum of the small integers in some words. */
function sumOfIntegers(f: FunctionBuilder, kind: QuantizedKind, start: Int, count: Int): Real {
  const at = f.int(start);
  const sum = f.vector(vectorZero());
  const [dot, ones] = [dotOf(f, kind), onesOf(f, kind)];
  // One word at a time, in all lanes.
  f.for(0, count, 1, () => {
    const word = f.vector(vectorOfInt(loadInt(at)));
    sum.set(dot(word, ones, sum));
    at.increase(4);
  });
  return sum.toFloats().lane(0);
}
