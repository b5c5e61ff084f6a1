import {
  add,
  clone,
  fused,
  type GradConfig,
  matMul,
  mul,
  relu,
  reshape,
  step,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
} from "@tensorflow/tfjs-core";
import { type Activation, activate, geluGradient } from "./activation.js";
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
  if (activation && !isFused(activation)) {
    const activated = activate(linear(x, kernel, { bias }), activation);
    return residual ? add(residual, activated) : activated;
  }
  if (activation && residual) return add(residual, linear(x, kernel, { bias, activation }));
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

/** With an activation, its input is computed again: saving it would take as much memory as all else of a block. */
export const linearGradient: GradConfig = {
  kernelName: "VitrailLinear",
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const { activation, extras } = attributes as unknown as { activation?: FusedActivation; extras: string[] };
    const [x, kernel, ...rest] = saved as [Tensor, Tensor, ...Tensor[]];
    // Made here and not in the functions below, each of which TF.js runs in a tidy of its own.
    const slope = () => {
      const inner = linear(x, kernel, { bias: rest[extras.indexOf("bias")] });
      return activation === "gelu" ? geluGradient(dy as Tensor, inner) : mul(dy as Tensor, step(relu(inner)));
    };
    const gradient = activation ? tidy(slope) : (dy as Tensor);
    const gradients: Record<string, () => Tensor> = {
      0: () => reshape(matMul(flat(gradient), kernel as Tensor2D, false, true), x.shape),
      1: () => matMul(flat(x), flat(gradient), true, false),
    };
    extras.forEach((name, i) => {
      gradients[2 + i] = name === "bias" ? () => sum(flat(gradient), 0) : () => clone(gradient);
    });
    return gradients;
  },
};
