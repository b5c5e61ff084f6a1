/** Settings of `torch.optim.AdamW`. */
export interface AdamWSettings {
  learningRate: number;
  /** How much of the mean gradient, and of its mean square, stays from step to step. */
  betas: readonly [number, number];
  epsilon: number;
  /** Share of the weights that a step takes away, times the learning rate. */
  weightDecay: number;
}

/** Weights that are optimized together, and whether they decay: biases mostly don't. */
export interface OptimizedWeights {
  readonly weights: Float32Array;
  readonly decay: "weights" | "none";
  /** Instead of the settings'. */
  readonly learningRate?: number | undefined;
}

/** AdamW on plain arrays, as PyTorch computes it; moments in double, weights in float32. */
export class AdamW {
  /** Steps made so far. */
  steps = 0;
  /** Means of the gradients and of their squares, for each of the weights. */
  readonly moments: readonly { first: Float64Array; second: Float64Array }[];

  /** @param parameters changed in place by `step` */
  constructor(
    private readonly parameters: readonly OptimizedWeights[],
    private readonly settings: AdamWSettings,
  ) {
    this.moments = parameters.map(({ weights: { length } }) => ({
      first: new Float64Array(length),
      second: new Float64Array(length),
    }));
  }

  /**
   * @param gradients one for each of the weights, of the same length
   * @param share of the learning rates, of a schedule
   */
  step(gradients: readonly Float32Array[], share = 1): void {
    const { betas, epsilon, weightDecay } = this.settings;
    const [beta1, beta2] = betas;
    this.steps++;
    const correction = Math.sqrt(1 - beta2 ** this.steps);
    for (const [which, { weights, decay, learningRate: own }] of this.parameters.entries()) {
      const { first, second } = this.moments[which]!;
      const gradient = gradients[which]!;
      const learningRate = share * (own ?? this.settings.learningRate);
      const stepSize = learningRate / (1 - beta1 ** this.steps);
      const kept = decay === "weights" ? 1 - learningRate * weightDecay : 1;
      for (let i = 0; i < weights.length; i++) {
        const slope = gradient[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * slope;
        second[i] = beta2 * second[i]! + (1 - beta2) * slope * slope;
        weights[i] = weights[i]! * kept - (stepSize * first[i]!) / (Math.sqrt(second[i]!) / correction + epsilon);
      }
    }
  }
}
