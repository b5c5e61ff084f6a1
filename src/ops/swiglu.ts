import { add, type GradConfig, mul, sigmoid, sub, type Tensor } from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/** Gated unit of EVA-02's MLP, `silu(gate) * value`. Each `[..., hidden]` → the same */
export function swiglu(gate: Tensor, value: Tensor): Tensor {
  return fusedKernel("VitrailSwiglu", { gate, value }, {}, () => mul(mul(gate, sigmoid(gate)), value));
}

export const swigluGradient: GradConfig = {
  kernelName: "VitrailSwiglu",
  inputsToSave: ["gate", "value"],
  gradFunc: (dy, [gate, value]) => {
    const open = sigmoid(gate!);
    const silu = mul(gate!, open);
    return {
      // silu' = σ (1 + gate (1 - σ)) = σ + silu (1 - σ)
      gate: () => mul(mul(dy as Tensor, value!), add(open, sub(silu, mul(silu, open)))),
      value: () => mul(dy as Tensor, silu),
    };
  },
};
