import { backend_util, slice_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { VitrailBackend } from "../vitrail-backend.js";
import type { Kernel } from "./define-kernel.js";

/** A box within a larger array. */
interface Box {
  /** Of the larger array. */
  shape: readonly number[];
  begin: readonly number[];
  /** Of the box. */
  size: readonly number[];
}

/**
 * Calls `copy` with the byte offsets, in the large array and in the box, of each run of the box that lies together in both. Runs are long in
 * all that a network does.
 */
function eachRun({ shape, begin, size }: Box, copy: (inShape: number, inBox: number, bytes: number) => void): void {
  // From this axis on, the box is as wide as the array.
  let axis = shape.length;
  while (axis > 0 && shape[axis - 1] === size[axis - 1]) axis--;
  const runAxis = Math.max(0, axis - 1);
  const bytes = util.sizeFromShape([...size.slice(runAxis)]) * 4;
  const strides = shape.map((_, i) => util.sizeFromShape([...shape.slice(i + 1)]) * 4);
  const start = begin.reduce((sum, at, i) => sum + at * strides[i]!, 0);
  const runs = util.sizeFromShape([...size.slice(0, runAxis)]);
  const index = new Array<number>(runAxis).fill(0);
  for (let run = 0, offset = start; run < runs; run++) {
    copy(offset, run * bytes, bytes);
    for (let i = runAxis - 1; i >= 0; i--) {
      offset += strides[i]!;
      if (++index[i]! < size[i]!) break;
      offset -= strides[i]! * size[i]!;
      index[i] = 0;
    }
  }
}

export const slice: Kernel = {
  name: "Slice",
  compute(backend, { x }, attributes: { begin: number[]; size: number[] }) {
    const [begin, size] = slice_util.parseSliceParams(x as never, attributes.begin, attributes.size) as [
      number[],
      number[],
    ];
    slice_util.assertParamsValid(x as never, begin, size);
    const out = backend.output(size);
    const from = backend.address(x!);
    const memory = backend.memoryBlocks.all();
    eachRun({ shape: x!.shape, begin, size }, (source, target, bytes) =>
      memory.copyWithin(out.start + target, from + source, from + source + bytes),
    );
    return out;
  },
};

export const pad: Kernel = {
  name: "PadV2",
  compute(backend: VitrailBackend, { x }: Record<string, TensorInfo>, attributes) {
    const { paddings, constantValue } = attributes as { paddings: [number, number][]; constantValue: number };
    const shape = x!.shape.map((length, i) => paddings[i]![0] + length + paddings[i]![1]);
    const out = backend.output(shape);
    const from = backend.address(x!);
    backend.memoryBlocks.floats(out.start, util.sizeFromShape(shape)).fill(constantValue);
    const memory = backend.memoryBlocks.all();
    eachRun({ shape, begin: paddings.map(([before]) => before), size: x!.shape }, (target, source, bytes) =>
      memory.copyWithin(out.start + target, from + source, from + source + bytes),
    );
    return out;
  },
};

/** Cuts a tensor along an axis. The gradient of a concatenation. */
export const splitV: Kernel = {
  name: "SplitV",
  compute(backend, { x }, { numOrSizeSplits, axis }: { numOrSizeSplits: number[] | number; axis: number }) {
    const along = util.parseAxisParam(axis, x!.shape)[0]!;
    const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, along);
    const outputs = sizes.map((length) => backend.output(x!.shape.map((size, one) => (one === along ? length : size))));
    const from = backend.address(x!);
    const memory = backend.memoryBlocks.all();
    let start = 0;
    for (const [i, { start: to, shape }] of outputs.entries()) {
      const begin = x!.shape.map((_, one) => (one === along ? start : 0));
      eachRun({ shape: x!.shape, begin, size: shape }, (source, target, bytes) =>
        memory.copyWithin(to + target, from + source, from + source + bytes),
      );
      start += sizes[i]!;
    }
    return outputs;
  },
};
