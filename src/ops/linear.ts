import {
  add,
  clone,
  engine,
  fused,
  type GradConfig,
  matMul,
  reshape,
  sum,
  type Tensor,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import { type Activation, activate } from "./activation.js";
import { fusedKernel } from "./fused-kernel.js";

export interface LinearOptions {
  /** `[out]` */
  bias?: Tensor | undefined;
  /** Applied after the bias. */
  activation?: Activation | undefined;
  /** `[..., out]`, added last. */
  residual?: Tensor | undefined;
}

/** Activations that kernels apply to a product while it is in the cache. */
type FusedActivation = "gelu" | "relu";
const isFused = (activation: Activation): activation is FusedActivation =>
  activation === "gelu" || activation === "relu";

/** `[..., width]` → `[rows, width]` */
const flat = (x: Tensor) => reshape(x, [-1, x.shape.at(-1)!]) as Tensor2D;

/**
 * `residual + activation(x W + bias)` on the last axis. x `[..., in]`, kernel `[in, out]` → `[..., out]`
 *
 * Bias and residual come last on purpose: as the first summand of the product a large residual would round each of its additions.
 */
export function linear(x: Tensor, kernel: Tensor, { bias, activation, residual }: LinearOptions = {}): Tensor {
  // A tape saves what the activation gets, which costs less than to compute the product again for its gradient.
  if (activation && (!isFused(activation) || residual || isOnTape())) {
    const activated = activate(linear(x, kernel, { bias }), activation);
    return residual ? add(residual, activated) : activated;
  }
  const extras = { ...(bias && { bias }), ...(residual && { residual }) };
  return fusedKernel(
    "VitrailLinear",
    [x, kernel, ...Object.values(extras)],
    { activation, extras: Object.keys(extras) },
    () => {
      const product = fused.matMul({ a: flat(x), b: kernel as Tensor2D, ...(bias && { bias }) });
      const y = reshape(product, [...x.shape.slice(0, -1), kernel.shape[1]!]);
      if (residual) return add(residual, y);
      return activation ? activate(y, activation) : y;
    },
  );
}

/** Whether TF.js records ops for a gradient. */
const isOnTape = () => engine().state.gradientDepth > 0;

/** Of the kernel without an activation, which is the only form on a tape. */
export const linearGradient: GradConfig = {
  kernelName: "VitrailLinear",
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const { extras } = attributes as unknown as { extras: string[] };
    const [x, kernel] = saved as [Tensor, Tensor];
    const slope = dy as Tensor;
    const gradients: Record<string, () => Tensor> = {
      0: () => reshape(matMul(flat(slope), kernel as Tensor2D, false, true), x.shape),
      1: () => matMul(flat(x), flat(slope), true, false),
    };
    extras.forEach((name, i) => {
      gradients[2 + i] = name === "bias" ? () => sum(flat(slope), 0) : () => clone(slope);
    });
    return gradients;
  },
};
