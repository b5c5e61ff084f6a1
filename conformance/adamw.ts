/** Settings of `torch.optim.AdamW`, under its names. */
export interface AdamWSettings {
  lr: number;
  betas: [number, number];
  eps: number;
  weight_decay: number;
}

/** AdamW on plain arrays, as PyTorch computes it; moments in double, weights in float32. */
export class AdamW {
  private steps = 0;
  private readonly moments: { first: Float64Array; second: Float64Array }[];

  /** @param weights changed in place by `step` */
  constructor(
    private readonly weights: readonly Float32Array[],
    private readonly settings: AdamWSettings,
  ) {
    this.moments = weights.map(({ length }) => ({ first: new Float64Array(length), second: new Float64Array(length) }));
  }

  /** @param gradients one for each of the weights, of the same length */
  step(gradients: readonly Float32Array[]): void {
    const { lr, betas, eps, weight_decay } = this.settings;
    const [beta1, beta2] = betas;
    this.steps++;
    const stepSize = lr / (1 - beta1 ** this.steps);
    const correction = Math.sqrt(1 - beta2 ** this.steps);
    for (const [which, weights] of this.weights.entries()) {
      const { first, second } = this.moments[which]!;
      const gradient = gradients[which]!;
      for (let i = 0; i < weights.length; i++) {
        const slope = gradient[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * slope;
        second[i] = beta2 * second[i]! + (1 - beta2) * slope * slope;
        const decayed = weights[i]! * (1 - lr * weight_decay);
        weights[i] = decayed - (stepSize * first[i]!) / (Math.sqrt(second[i]!) / correction + eps);
      }
    }
  }
}
