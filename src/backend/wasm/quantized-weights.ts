import type { FunctionBuilder } from "./function-builder.js";
import { mapFloats, powerOfTwo } from "./functions.js";
import type { WeightRow, WeightWriter } from "./online-softmax.js";
import { dotOf, onesOf, type QuantizedKind } from "./quantized-tiles.js";
import { load, type Real, type Vector, vectorOfInt, vectorZero } from "./values.js";

/** What the largest weight becomes. */
const LARGEST: Record<QuantizedKind, number> = { u8: 255, u7: 127, i12: 2047 };
/** 1.5 · 2²³: added to a small number, it leaves the nearest integer in the low bits of the sum. */
const ROUND_TO_INTEGER = 12582912;
/** The bits of that float32, minus which they are the integer. */
const MINUS_ROUND_BITS = -0x4b400000;

/** Rows of weights begin at so many different places of the dither. */
const DITHER_ROWS = 16;
/** From one of these places to the next: a vector. */
const DITHER_STEP = 4;
/** Spreads points evenly in any stretch of them: the golden ratio's fraction. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** So that the largest weight is not rounded past a byte. */
const MOST_DITHER = 0.4999;

/** Offsets in (-½, ½) that are added to weights before they are rounded, for rows of so many keys. */
export function ditherTable(keys: number): Float32Array {
  return Float32Array.from({ length: keys + DITHER_ROWS * DITHER_STEP }, (_, i) =>
    Math.min(((i * GOLDEN) % 1) - 0.5, MOST_DITHER),
  );
}

/**
 * Weights as unsigned bytes or 12-bit integers, with zeros up to whole vectors of 16 keys; their sum is that of the integers, so that what rounding does to the
 * sum is divided out. Bytes are dithered: a row that looks at one token hard and at all others a little would lose all others, since each is less
 * than half a step. With offsets before rounding, differently in each row, so many of them become 1 as are right in the sum (a vit-small-patch14:
 * a third of the error).
 */
export const writeQuantized =
  (kind: QuantizedKind): WeightWriter =>
  (f, row) => {
    const { index, scores, keys, dither, scale, maximum } = row;
    const offset = f.vector(f.constant(Math.log2(LARGEST[kind])).sub(maximum.splat()));
    const minusRoundBits = f.vector(vectorOfInt(MINUS_ROUND_BITS));
    const toInteger = (score: Vector, noise?: Vector) => {
      const weight = powerOfTwo(f, f.multiplyAdd(score, scale, offset));
      const dithered = noise ? weight.add(noise) : weight;
      return dithered.add(f.constant(ROUND_TO_INTEGER)).addInt(minusRoundBits);
    };
    const pointer = f.int(scores);
    if (kind !== "i12") {
      const noise = f.int(dither.add(index.rem(DITHER_ROWS).mul(DITHER_STEP * 4)));
      mapFloats(f, { inputs: [pointer, noise], output: pointer, count: keys }, (x, y) => toInteger(x!, y!));
    } else mapFloats(f, { inputs: [pointer], output: pointer, count: keys }, (x) => toInteger(x!));
    const over = f.int(keys.and(15));
    f.if(over, () => f.clearBytes(pointer, f.int(vectorRest(over))));
    return narrow(f, kind, row);
  };

/** Bytes of the integers that are missing of 16. */
const vectorRest = (over: WeightRow["keys"]) => over.sub(16).mul(-4);

/** Integers of 32 bits to the kind's, 16 at a time, and their sum. */
function narrow(f: FunctionBuilder, kind: QuantizedKind, { scores, keys, weights }: WeightRow): Real {
  const from = f.int(scores);
  const to = f.int(weights);
  const end = f.int(from.add(keys.shiftLeft(2)));
  const sum = f.vector(vectorZero());
  const [dot, ones] = [dotOf(f, kind), onesOf(f, kind)];
  f.while(from.isBefore(end), () => {
    const low = f.vector(load(from).narrowToShorts(load(from, 16)));
    const high = f.vector(load(from, 32).narrowToShorts(load(from, 48)));
    if (kind !== "i12") {
      const bytes = f.vector(low.narrowToBytes(high));
      sum.set(dot(ones, bytes, sum));
      f.store(to, bytes);
      to.increase(16);
    } else {
      sum.set(dot(ones, high, dot(ones, low, sum)));
      f.store(to, low);
      f.store(to, high, 16);
      to.increase(32);
    }
    from.increase(64);
  });
  sum.set(sum.toFloats());
  return sum.sumOfLanes();
}
