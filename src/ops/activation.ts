import {
  add,
  div,
  erf,
  exp,
  type GradConfig,
  mul,
  relu,
  sigmoid,
  square,
  type Tensor,
  tanh,
  tidy,
} from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/** Element-wise functions by the names that this library uses; checkpoints' spellings are translated in `models/`. */
export type Activation = "gelu" | "gelu-tanh" | "quick-gelu" | "relu" | "silu" | "tanh";

/** Φ(x), the normal distribution's cumulative function. */
const cumulative = (x: Tensor) => mul(0.5, add(1, erf(div(x, Math.SQRT2))));

/** Exact GELU, `x Φ(x)` with Φ by the error function. Any shape → the same */
export function gelu(x: Tensor): Tensor {
  return fusedKernel("VitrailGelu", { x }, {}, () => mul(mul(x, 0.5), add(1, erf(div(x, Math.SQRT2)))));
}

/** `dy` times the derivative of GELU at x, `Φ(x) + x φ(x)`. Both any shape → the same */
export function geluGradient(dy: Tensor, x: Tensor): Tensor {
  return fusedKernel("VitrailGeluGradient", { dy, x }, {}, () =>
    tidy(() => {
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return mul(dy, add(cumulative(x), mul(x, density)));
    }),
  );
}

export const geluKernelGradient: GradConfig = {
  kernelName: "VitrailGelu",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({ x: () => geluGradient(dy as Tensor, x!) }),
};

/** GELU's approximation by tanh, as PyTorch's `approximate="tanh"`. Any shape → the same */
function geluTanh(x: Tensor): Tensor {
  const inner = mul(mul(x, add(1, mul(0.044715, square(x)))), Math.sqrt(2 / Math.PI));
  return mul(mul(0.5, x), add(1, tanh(inner)));
}

const FUNCTIONS: Record<Activation, (x: Tensor) => Tensor> = {
  gelu,
  "gelu-tanh": geluTanh,
  "quick-gelu": (x) => mul(x, sigmoid(mul(1.702, x))),
  relu,
  silu: (x) => mul(x, sigmoid(x)),
  tanh,
};

/** Applies a named activation. Any shape → the same */
export function activate(x: Tensor, activation: Activation): Tensor {
  return FUNCTIONS[activation](x);
}
