import type { FunctionBuilder, FunctionHandle, IntVariable } from "./function-builder.js";
import { mapFloats, maxFloats, powerOfTwo, sumFloats } from "./functions.js";
import type { ModuleBuilder } from "./module-builder.js";
import { type Int, loadReal, type Real, type Vector } from "./values.js";

const PARAMETERS = {
  scores: "int",
  scoreStride: "int",
  keys: "int",
  /** Where the weights go: for float32, over the scores. */
  weights: "int",
  weightStride: "int",
  output: "int",
  outputStride: "int",
  size: "int",
  state: "int",
  /** Number of the first row, and how many there are. */
  first: "int",
  rows: "int",
  isFirst: "int",
  scale: "real",
  /** Address of `ditherTable`, for bytes. */
  dither: "int",
} as const;
export type OnlineSoftmax = FunctionHandle<typeof PARAMETERS>;

/** A row's maximum and sum so far, both float32. */
export const STATE_BYTES = 8;
/** Where a row's sum stands in its state. */
export const SUM_OFFSET = 4;
/** Below every score: the maximum before the first block. */
const NOTHING_YET = -1e30;

/** A row of scores that becomes one of weights. */
export interface WeightRow {
  /** Number of the row. */
  readonly index: Int;
  readonly scores: IntVariable;
  readonly keys: IntVariable;
  readonly weights: IntVariable;
  readonly dither: Int;
  /** The logarithm to base 2 of a weight is scale · score − maximum. */
  readonly scale: Vector;
  readonly maximum: Real;
}

/** Emits the code that writes a row's weights, all by the same factor, and gives their sum. */
export type WeightWriter = (f: FunctionBuilder, row: WeightRow) => Real;

/** Weights as float32, over the scores. */
export const writeFloats: WeightWriter = (f, { scores, keys, scale, maximum }) => {
  const minusMaximum = f.vector(maximum.neg().splat());
  const pointer = f.int(scores);
  mapFloats(f, { inputs: [pointer], output: pointer, count: keys }, (score) =>
    powerOfTwo(f, f.multiplyAdd(score!, scale, minusMaximum)),
  );
  return sumFloats(f, { input: scores, count: keys });
};

/**
 * One step of a softmax over blocks of keys: turns a block's scores into weights 2^(scale · score − maximum), and brings the row's sum, and the
 * output so far, to the new maximum where that grew.
 */
export function defineOnlineSoftmax(m: ModuleBuilder, write: WeightWriter): OnlineSoftmax {
  return m.define(undefined, PARAMETERS, (f, p) => {
    const scores = f.int(p.scores);
    const weights = f.int(p.weights);
    const output = f.int(p.output);
    const state = f.int(p.state);
    const scale = f.vector(p.scale.splat());
    f.for(p.first, p.first.add(p.rows), 1, (index) => {
      const before = f.real(loadReal(state));
      const sum = f.real(loadReal(state, SUM_OFFSET));
      f.if(p.isFirst, () => {
        before.set(NOTHING_YET);
        sum.set(0);
      });
      const maximum = f.real(maxFloats(f, { input: scores, count: p.keys }).mul(p.scale).max(before));
      f.if(maximum.greater(before), () => {
        const shrink = f.vector(powerOfTwo(f, before.sub(maximum).splat()));
        sum.set(sum.mul(shrink.lane(0)));
        f.if(p.isFirst.isZero(), () => {
          const at = f.int(output);
          mapFloats(f, { inputs: [at], output: at, count: p.size }, (value) => value!.mul(shrink));
        });
      });
      f.storeReal(state, maximum);
      const added = write(f, { index, scores, keys: p.keys, weights, dither: p.dither, scale, maximum });
      f.storeReal(state, sum.add(added), SUM_OFFSET);
      scores.increase(p.scoreStride);
      weights.increase(p.weightStride);
      output.increase(p.outputStride);
      state.increase(STATE_BYTES);
    });
  });
}
