import type { Tensor4D } from "@tensorflow/tfjs-core";
import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import { imagePatches } from "./image-patches.js";

const patches = (image: [number, number, number, number], height: number, width: number): KernelCase => ({
  inputs: [image],
  compute: (x) => imagePatches(x as Tensor4D, { height, width }),
  bound: 0,
  gradientBound: 0,
});

describeKernel("imagePatches", {
  "2 pictures, patches of 16": patches([2, 32, 48, 3], 16, 16),
  "patches that leave a rest": patches([1, 30, 31, 3], 14, 14),
  "gray, patches higher than wide": patches([1, 8, 9, 1], 4, 3),
});
