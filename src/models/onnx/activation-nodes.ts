import type { Activation } from "../../ops/activation.js";
import type { LayerStep } from "./layer-step.js";

/** `x * sigmoid(alpha * x)` */
const logistic = (alpha: number) => (step: LayerStep, x: string) =>
  step.contributed("QuickGelu", [x], { alpha: { float: alpha } });

const NODES: Record<Activation, (step: LayerStep, x: string) => string> = {
  gelu: (step, x) => step.node("Gelu", [x], { approximate: "none" }),
  "gelu-tanh": (step, x) => step.node("Gelu", [x], { approximate: "tanh" }),
  "quick-gelu": logistic(1.702),
  relu: (step, x) => step.node("Relu", [x]),
  silu: logistic(1),
  tanh: (step, x) => step.node("Tanh", [x]),
};

/** `ops/activation.ts` as operators. Any shape → the same */
export function activationNode(step: LayerStep, x: string, activation: Activation | undefined): string {
  return activation ? NODES[activation](step, x) : x;
}
