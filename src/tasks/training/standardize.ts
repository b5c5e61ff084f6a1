import type { DenseLayer } from "./dense-layer.js";

/** Mean and spread of each feature. */
export interface Standardization {
  /** `[width]` */
  mean: Float64Array;
  /** `[width]`; 1 for a feature that never changes */
  deviation: Float64Array;
}

/** Of features, `[width]` each. */
export function standardizationOf(features: readonly Float32Array[]): Standardization {
  const width = features[0]!.length;
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  for (const feature of features) for (let k = 0; k < width; k++) mean[k]! += feature[k]!;
  for (let k = 0; k < width; k++) mean[k]! /= features.length;
  for (const feature of features) for (let k = 0; k < width; k++) deviation[k]! += (feature[k]! - mean[k]!) ** 2;
  for (let k = 0; k < width; k++) {
    const spread = Math.sqrt(deviation[k]! / features.length);
    // Of equal float32 numbers, the mean may be off by rounding: that is no spread.
    deviation[k] = spread > 1e-6 * Math.abs(mean[k]!) ? spread : 1;
  }
  return { mean, deviation };
}

/** Features around 0 with a spread of 1. `[width]` each → `[features, width]` */
export function standardized(features: readonly Float32Array[], { mean, deviation }: Standardization): Float32Array {
  const width = mean.length;
  const result = new Float32Array(features.length * width);
  for (const [row, feature] of features.entries())
    for (let k = 0; k < width; k++) result[row * width + k] = (feature[k]! - mean[k]!) / deviation[k]!;
  return result;
}

/** The layer that gives for features as they are what `layer` gives for standardized ones. */
export function folded({ weight, bias }: DenseLayer, { mean, deviation }: Standardization): DenseLayer {
  const width = mean.length;
  const newWeight = new Float32Array(weight.length);
  const newBias = Float32Array.from(bias, (value, output) => {
    let shifted = value;
    for (let k = 0; k < width; k++) {
      const at = output * width + k;
      newWeight[at] = weight[at]! / deviation[k]!;
      shifted -= (weight[at]! / deviation[k]!) * mean[k]!;
    }
    return shifted;
  });
  return { weight: newWeight, bias: newBias };
}
