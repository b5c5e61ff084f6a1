import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { Activation } from "../../ops/activation.js";
import type { StockStep } from "./stock-step.js";

type Say = (step: StockStep, x: SymbolicTensor) => SymbolicTensor;

/** TF.js's types know only some of the names. */
const named =
  (activation: string): Say =>
  (step, x) =>
    step.plain(layers.activation({ activation: activation as "relu" }), x);

const scaled = (step: StockStep, x: SymbolicTensor, scale: number, offset = 0) =>
  step.plain(layers.rescaling({ scale, offset }), x);

const product = (step: StockStep, factors: SymbolicTensor[]) => step.plain(layers.multiply(), factors);

/** `x * sigmoid(1.702 x)` */
const quickGelu: Say = (step, x) => product(step, [x, named("sigmoid")(step, scaled(step, x, 1.702))]);

const TANH_SCALE = Math.sqrt(2 / Math.PI);

/**
 * `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2`. TF.js has it as "gelu_new", which it writes into a file and can't read again. No layer reads
 * one tensor twice, since TF.js disposes it after the first.
 */
const geluByTanh: Say = (step, x) => {
  const square = product(step, [x, scaled(step, x, 0.044715)]);
  const angle = product(step, [x, scaled(step, square, TANH_SCALE, TANH_SCALE)]);
  return product(step, [x, scaled(step, named("tanh")(step, angle), 0.5, 0.5)]);
};

const ACTIVATIONS: Record<Activation, Say> = {
  gelu: named("gelu"),
  "gelu-tanh": geluByTanh,
  "quick-gelu": quickGelu,
  relu: named("relu"),
  silu: named("swish"),
  tanh: named("tanh"),
};

/** `ops/activation.ts` in TF.js's own layers. Any shape → the same */
export function stockActivation(
  step: StockStep,
  x: SymbolicTensor,
  activation: Activation | undefined,
): SymbolicTensor {
  return activation ? ACTIVATIONS[activation](step, x) : x;
}
