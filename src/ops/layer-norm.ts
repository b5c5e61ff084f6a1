import {
  add,
  type GradConfig,
  mean,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import { fusedKernel, fusedKernels } from "./fused-kernel.js";

/** Normalizes the last axis to mean 0 and variance 1, then scales and shifts. x `[..., width]`, gamma and beta `[width]` → `[..., width]` */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Tensor {
  return fusedKernel("VitrailLayerNorm", { x, gamma, beta }, { epsilon }, () => {
    const { normal } = normalize(x, epsilon);
    return add(mul(normal, gamma), beta);
  });
}

/** x with mean 0 and variance 1 along its last axis, and what it was multiplied by, `[..., 1]` */
function normalize(x: Tensor, epsilon: number): { normal: Tensor; scale: Tensor } {
  const centered = sub(x, mean(x, -1, true));
  const scale = rsqrt(add(mean(square(centered), -1, true), epsilon));
  return { normal: mul(centered, scale), scale };
}

/** Slopes of x `[..., width]`, gamma and beta `[width]` */
function slopes(dy: Tensor, x: Tensor, gamma: Tensor, epsilon: number): [Tensor, Tensor, Tensor] {
  const composition = (): [Tensor, Tensor, Tensor] => {
    const { normal, scale } = normalize(x, epsilon);
    const scaled = mul(dy, gamma);
    const along = mul(normal, mean(mul(scaled, normal), -1, true));
    const overRows = (y: Tensor) => sum(reshape(y, [-1, x.shape.at(-1)!]), 0);
    return [mul(scale, sub(sub(scaled, mean(scaled, -1, true)), along)), overRows(mul(dy, normal)), overRows(dy)];
  };
  return fusedKernels("VitrailLayerNormGradient", { dy, x, gamma }, { epsilon }, () => tidy(composition));
}

export const layerNormGradient: GradConfig = {
  kernelName: "VitrailLayerNorm",
  inputsToSave: ["x", "gamma"],
  gradFunc: (dy, [x, gamma], attributes) => {
    const { epsilon } = attributes as unknown as { epsilon: number };
    const [dx, dGamma, dBeta] = slopes(dy as Tensor, x!, gamma!, epsilon);
    return { x: () => dx, gamma: () => dGamma, beta: () => dBeta };
  },
};
