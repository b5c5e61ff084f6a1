import { describeKernel } from "../backend/kernel.testing.js";
import { activate, gelu } from "./activation.js";

const shapes: number[][] = [[1], [7], [8], [3, 31], [32], [33], [2, 197, 48]];

describeKernel(
  "gelu",
  Object.fromEntries(
    shapes.map((shape) => [
      `[${shape}]`,
      { inputs: [shape], scale: 6, compute: (x) => gelu(x!), bound: 2e-6, gradientBound: 2e-6 },
    ]),
  ),
);

describeKernel(
  "other activations",
  Object.fromEntries(
    (["gelu-tanh", "quick-gelu", "relu", "silu", "tanh"] as const).map((name) => [
      name,
      { inputs: [[7, 33]], scale: 6, compute: (x) => activate(x!, name), gradientBound: 2e-6 },
    ]),
  ),
);
