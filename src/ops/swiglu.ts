import { mul, sigmoid, type Tensor } from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/** Gated unit of EVA-02's MLP, `silu(gate) * value`. Each `[..., hidden]` → the same */
export function swiglu(gate: Tensor, value: Tensor): Tensor {
  return fusedKernel("VitrailSwiglu", { gate, value }, {}, () => mul(mul(gate, sigmoid(gate)), value));
}
