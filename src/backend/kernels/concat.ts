import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Kernel } from "./define-kernel.js";

/** Strings tensors together along an axis: copies of runs, which are long in all that a network does. */
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
    const stride = util.sizeFromShape(shape.slice(along)) * 4;
    const parts = tensors.map((tensor) => ({
      start: backend.address(tensor),
      bytes: util.sizeFromShape(tensor.shape.slice(along)) * 4,
    }));
    const memory = backend.memoryBlocks.all();
    let offset = out.start;
    for (const { start, bytes } of parts) {
      for (let i = 0; i < outer; i++) {
        const from = start + i * bytes;
        memory.copyWithin(offset + i * stride, from, from + bytes);
      }
      offset += bytes;
    }
    return out;
  },
};
