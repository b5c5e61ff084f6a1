import { describe, expect, it } from "vitest";
import { DECAYS, learningRateShare } from "./learning-rate.js";

describe("learningRateShare", () => {
  // transformers 5.23's schedules with num_warmup_steps=2, num_training_steps=6, get_last_lr() before each step
  it.each([
    ["cosine", [0, 0.5, 1, 0.8535533905932737, 0.5, 0.14644660940672627]],
    ["linear", [0, 0.5, 1, 0.75, 0.5, 0.25]],
    ["constant", [0, 0.5, 1, 1, 1, 1]],
  ] as const)("of %s is transformers'", (decay, wanted) => {
    for (const [step, share] of wanted.entries())
      expect(learningRateShare(step, { warmup: 2, steps: 6, decay })).toBeCloseTo(share, 14);
  });

  it.each(DECAYS)("of %s begins at once without a warm-up", (decay) => {
    expect(learningRateShare(0, { warmup: 0, steps: 6, decay })).toBe(1);
  });
});
