import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Kernel } from "./define-kernel.js";

/** Runs of fewer numbers are copied faster one by one than by a call: channels that are padded, for one. */
const SHORT = 128;

/** Strings tensors together along an axis: copies of runs. */
export const concat: Kernel = {
  name: "Concat",
  compute(backend, inputs, { axis }: { axis: number }) {
    const tensors = Object.values(inputs) as TensorInfo[];
    const along = util.parseAxisParam(axis, tensors[0]!.shape)[0]!;
    const shapes = tensors.map((tensor) => tensor.shape);
    backend_util.assertParamsConsistent(shapes, along);
    const shape = backend_util.computeOutShape(shapes, along);
    const out = backend.output(shape);
    const outer = util.sizeFromShape(shape.slice(0, along));
    const stride = util.sizeFromShape(shape.slice(along));
    const memory = backend.memoryBlocks.all();
    const floats = new Float32Array(memory.buffer);
    let target = out.start / Float32Array.BYTES_PER_ELEMENT;
    for (const tensor of tensors) {
      const run = util.sizeFromShape(tensor.shape.slice(along));
      const start = backend.address(tensor) / Float32Array.BYTES_PER_ELEMENT;
      for (let i = 0; i < outer; i++) copy(floats, target + i * stride, start + i * run, run);
      target += run;
    }
    return out;
  },
};

function copy(floats: Float32Array, target: number, source: number, count: number): void {
  if (count >= SHORT) floats.copyWithin(target, source, source + count);
  else for (let i = 0; i < count; i++) floats[target + i] = floats[source + i]!;
}
