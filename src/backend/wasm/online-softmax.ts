import type { FunctionHandle } from "./function-builder.js";
import { mapFloats, maxFloats, powerOfTwo, sumFloats } from "./functions.js";
import type { ModuleBuilder } from "./module-builder.js";
import { loadReal } from "./values.js";

const PARAMETERS = {
  scores: "int",
  scoreStride: "int",
  keys: "int",
  output: "int",
  outputStride: "int",
  size: "int",
  state: "int",
  rows: "int",
  isFirst: "int",
  scale: "real",
} as const;
export type OnlineSoftmax = FunctionHandle<typeof PARAMETERS>;

/** A row's maximum and sum so far, both float32. */
export const STATE_BYTES = 8;
/** Where a row's sum stands in its state. */
export const SUM_OFFSET = 4;
/** Below every score: the maximum before the first block. */
const NOTHING_YET = -1e30;

/**
 * One step of a softmax over blocks of keys: turns a block's scores into weights 2^(scale · score − maximum), in place, and brings the row's
 * sum, and the output so far, to the new maximum where that grew.
 */
export function defineOnlineSoftmax(m: ModuleBuilder): OnlineSoftmax {
  return m.define(undefined, PARAMETERS, (f, p) => {
    const scores = f.int(p.scores);
    const output = f.int(p.output);
    const state = f.int(p.state);
    const scale = f.vector(p.scale.splat());
    f.for(0, p.rows, 1, () => {
      const before = f.real(loadReal(state));
      const sum = f.real(loadReal(state, SUM_OFFSET));
      f.if(p.isFirst, () => {
        before.set(NOTHING_YET);
        sum.set(0);
      });
      const maximum = f.real(maxFloats(f, { input: scores, count: p.keys }).mul(p.scale).max(before));
      const minusMaximum = f.vector(maximum.splat().neg());
      const pointer = f.int(scores);
      mapFloats(f, { inputs: [pointer], output: pointer, count: p.keys }, (score) =>
        powerOfTwo(f, f.multiplyAdd(score, scale, minusMaximum)),
      );
      f.if(maximum.greater(before), () => {
        const shrink = f.vector(powerOfTwo(f, before.sub(maximum).splat()));
        sum.set(sum.mul(shrink.lane(0)));
        f.if(p.isFirst.isZero(), () => {
          const at = f.int(output);
          mapFloats(f, { inputs: [at], output: at, count: p.size }, (value) => value.mul(shrink));
        });
      });
      f.storeReal(state, maximum);
      f.storeReal(state, sum.add(sumFloats(f, { input: scores, count: p.keys })), SUM_OFFSET);
      scores.increase(p.scoreStride);
      output.increase(p.outputStride);
      state.increase(STATE_BYTES);
    });
  });
}
