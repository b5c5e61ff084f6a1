import {
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  Mean,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { middleDivisor } from "../../ops/middle-divisor.js";
import { replaceKernel } from "./replace-kernel.js";

interface Arguments {
  inputs: { x: TensorInfo };
  backend: KernelBackend;
  attrs: { axis: number | number[]; keepDims: boolean };
}

/** Numbers that are added up in one chain: docs/numerics.md says why. */
const LONGEST_CHAIN = 256;

/**
 * Has TF.js's WebAssembly backend take the mean of a long axis as the mean of equally large parts' means, since it adds all of them up in
 * one chain: of 1024 patches that loses two thirds of PyTorch's exactness. An axis whose length has no divisor stays whole.
 */
export function splitMeans(): void {
  replaceKernel(Mean, "wasm", split);
}

function split(original: KernelConfig): KernelFunc {
  return (args) => {
    const { inputs, backend, attrs } = args as unknown as Arguments;
    const { x } = inputs;
    const [axis, ...others] = util.parseAxisParam(attrs.axis, x.shape);
    if (axis === undefined || others.length > 0 || x.shape[axis]! <= LONGEST_CHAIN) return original.kernelFunc(args);
    const parts = middleDivisor(x.shape[axis]!);
    const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const shape = [...before, parts, x.shape[axis]! / parts, ...after];
    const mean = (of: TensorInfo, along: number, keepDims: boolean) =>
      original.kernelFunc({ inputs: { x: of }, backend, attrs: { axis: [along], keepDims } }) as TensorInfo;
    const means = mean({ ...x, shape }, axis + 1, false);
    const result = mean(means, axis, attrs.keepDims);
    backend.disposeData(means.dataId);
    return result;
  };
}
