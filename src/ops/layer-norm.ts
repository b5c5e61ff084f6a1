import { add, mean, mul, rsqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/** Normalizes the last axis to mean 0 and variance 1, then scales and shifts. x `[..., width]`, gamma and beta `[width]` → `[..., width]` */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Tensor {
  return fusedKernel("VitrailLayerNorm", { x, gamma, beta }, { epsilon }, () => {
    const centered = sub(x, mean(x, -1, true));
    const scale = rsqrt(add(mean(square(centered), -1, true), epsilon));
    return add(mul(mul(centered, scale), gamma), beta);
  });
}
