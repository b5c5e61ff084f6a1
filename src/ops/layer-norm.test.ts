import { add, type Tensor } from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import { layerNorm } from "./layer-norm.js";

const width = (rows: number[], columns: number, shift = 0): KernelCase => ({
  inputs: [[...rows, columns], [columns], [columns]],
  compute: (x, gamma, beta) => layerNorm(shift ? (add(x!, shift) as Tensor) : x!, gamma!, beta!, 1e-6),
  gradientBound: 1e-5,
});

describeKernel("layerNorm", {
  "width 1": { ...width([3], 1), gradientBound: 1e-3 },
  "width 4": width([2, 3], 4),
  "width 31": width([5], 31),
  "width 32": width([2, 3, 5], 32),
  "width 33": width([197], 33),
  "width 768": width([3], 768),
  "a mean of 100": { ...width([4], 48, 100), bound: 1e-4, gradientBound: 1e-4 },
});
