import { add, fused, reshape, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";
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

/**
 * `residual + activation(x W + bias)` on the last axis. x `[..., in]`, kernel `[in, out]` → `[..., out]`
 *
 * Bias and residual come last on purpose: as the first summand of the product a large residual would round each of its additions.
 */
export function linear(x: Tensor, kernel: Tensor, { bias, activation, residual }: LinearOptions = {}): Tensor {
  const inputs = { x, kernel, ...(bias && { bias }), ...(residual && { residual }) };
  return fusedKernel("VitrailLinear", inputs, { activation }, () => {
    const rows = reshape(x, [-1, x.shape.at(-1)!]) as Tensor2D;
    const product = fused.matMul({ a: rows, b: kernel as Tensor2D, ...(bias && { bias }) });
    const y = reshape(product, [...x.shape.slice(0, -1), kernel.shape[1]!]);
    const activated = activation ? activate(y, activation) : y;
    return residual ? add(residual, activated) : activated;
  });
}
