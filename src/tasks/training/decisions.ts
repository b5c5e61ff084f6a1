import type { Problem } from "./example.js";
import { indexOfLargest } from "./index-of-largest.js";
import type { Targets } from "./targets.js";

/** What logits say is there: the label with the largest, the first of equals; or every label with more than even odds. → 1 for each that is there */
export function decide(logits: ArrayLike<number>, problem: Problem): Uint8Array {
  if (problem === "multi-label") return Uint8Array.from(logits, (logit) => Number(logit > 0));
  const chosen = new Uint8Array(logits.length);
  chosen[indexOfLargest(logits)] = 1;
  return chosen;
}

/** Examples whose labels are all right. logits `[examples, classes]` */
export function correctRows(logits: ArrayLike<number>, { problem, classes, wanted }: Targets): number {
  let right = 0;
  for (let from = 0; from < logits.length; from += classes) {
    const to = from + classes;
    if (problem === "single-label") {
      if (indexOfLargest(logits, from, to) === indexOfLargest(wanted, from, to)) right++;
      continue;
    }
    let at = from;
    // Smoothed targets are nearer to 1 where a label is there, nearer to 0 elsewhere.
    while (at < to && logits[at]! > 0 === wanted[at]! > 0.5) at++;
    if (at === to) right++;
  }
  return right;
}
