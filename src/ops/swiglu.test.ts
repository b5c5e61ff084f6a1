import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import { swiglu } from "./swiglu.js";

const shape = (...dimensions: number[]): KernelCase => ({
  inputs: [dimensions, dimensions],
  scale: 10,
  compute: (gate, value) => swiglu(gate!, value!),
  gradientBound: 2e-6,
});

describeKernel("swiglu", {
  "hidden 1": shape(1, 1),
  "hidden 31": shape(3, 31),
  "hidden 32": shape(2, 3, 32),
  "hidden 85": shape(2, 17, 85),
  "more than one task": shape(1, 40, 1000),
});
