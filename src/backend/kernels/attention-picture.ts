import { KEY_UNIT } from "../tasks/attention.js";

/** One picture's queries, keys, values and result: addresses of `[tokens, width]` */
export interface Picture {
  q: number;
  k: number;
  v: number;
  out: number;
  tokens: number;
  width: number;
  heads: number;
}

/** A block of scores, 48 × 240 floats, stays in the first cache; 132 to 528 keys are all within 3 %. */
export const MOST_KEYS = 240;

/** Keys of a block: the tokens cut evenly. Depends on nothing but their number, since it decides the order of sums. */
export function keysPerBlock(tokens: number): number {
  const even = tokens / Math.ceil(tokens / MOST_KEYS);
  return Math.ceil(even / KEY_UNIT) * KEY_UNIT;
}
