import type { WeightLayout } from "../parameters.js";

/** For each of TF.js's axes, which of the stored ones it is. */
const AXES: Record<Exclude<WeightLayout, "same">, readonly number[]> = {
  transposed: [1, 0],
  convolution: [2, 3, 1, 0],
  depthwise: [2, 3, 0, 1],
};

/** Brings a weight's numbers, row-major as a checkpoint stores them, into the order of TF.js's layers. */
export function arrangeWeight(
  values: Float32Array,
  storedShape: readonly number[],
  layout: WeightLayout,
): Float32Array {
  if (layout === "same") return values;
  const axes = AXES[layout];
  const strides = storedShape.map((_, axis) => storedShape.slice(axis + 1).reduce((product, one) => product * one, 1));
  const out = new Float32Array(values.length);
  let at = 0;
  const fill = (depth: number, from: number) => {
    const axis = axes[depth]!;
    const [length, stride] = [storedShape[axis]!, strides[axis]!];
    if (depth === axes.length - 1) for (let i = 0; i < length; i++) out[at++] = values[from + i * stride]!;
    else for (let i = 0; i < length; i++) fill(depth + 1, from + i * stride);
  };
  fill(0, 0);
  return out;
}
