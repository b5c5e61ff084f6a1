/** How the learning rate falls after it has risen. */
export const DECAYS = ["cosine", "linear", "constant"] as const;
export type Decay = (typeof DECAYS)[number];

/**
 * Share of the learning rate at a step, as transformers' `get_cosine_schedule_with_warmup`, `get_linear_schedule_with_warmup` and
 * `get_constant_schedule_with_warmup` give it: it rises from 0 in a straight line, then falls to 0 at the end.
 *
 * @param step from 0
 * @param warmup steps of the rise
 * @param steps of the whole training
 */
export function learningRateShare(
  step: number,
  { warmup, steps, decay }: { warmup: number; steps: number; decay: Decay },
): number {
  if (step < warmup) return step / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  if (decay === "constant") return 1;
  return decay === "linear" ? Math.max(0, 1 - progress) : Math.max(0, (1 + Math.cos(Math.PI * progress)) / 2);
}
