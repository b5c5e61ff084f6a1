import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Kernel, KernelAttributes } from "./define-kernel.js";
import { product } from "./matrix-product.js";

interface ConvolutionInputs {
  /** `[batch, height, width, in]` */
  x: TensorInfo;
  /** `[1, 1, in, out]` */
  filter: TensorInfo;
  /** `[out]` */
  bias?: TensorInfo;
}

/** A convolution of single pixels is a product of matrices: `[batch * height * width, in]` by `[in, out]`. */
function isPointwise(filter: TensorInfo, { strides, pad, dataFormat }: KernelAttributes): boolean {
  const [height, width] = filter.shape;
  const steps = Array.isArray(strides) ? strides : [strides];
  const isUnpadded = pad === "same" || pad === "valid" || pad === 0;
  return height === 1 && width === 1 && isUnpadded && dataFormat === "NHWC" && steps.every((step) => step === 1);
}

const pointwise: (epilogueOf: (attributes: KernelAttributes) => "none" | "relu") => Kernel["compute"] =
  (epilogueOf) => (backend, inputs, attributes) => {
    const { x, filter, bias } = inputs as unknown as ConvolutionInputs;
    const [k, columns] = filter.shape.slice(2) as [number, number];
    const out = backend.output([...x.shape.slice(0, -1), columns]);
    product(backend, {
      a: backend.address(x),
      panels: backend.panels(filter, k, columns, "k"),
      c: out.start,
      rows: util.sizeFromShape(x.shape) / k,
      k,
      columns,
      epilogue: epilogueOf(attributes),
      ...(bias && { bias: backend.address(bias) }),
    });
    return out;
  };

export const convolution: Kernel = {
  name: "Conv2D",
  accepts: ({ filter }, attributes) => isPointwise(filter!, attributes),
  compute: pointwise(() => "none"),
};

export const fusedConvolution: Kernel = {
  name: "FusedConv2D",
  accepts: ({ filter, bias, preluActivationWeights }, attributes) =>
    isPointwise(filter!, attributes) &&
    [undefined, null, "linear", "relu"].includes(attributes.activation) &&
    !preluActivationWeights &&
    (!bias || util.sizeFromShape(bias.shape) === filter!.shape[3]),
  compute: pointwise(({ activation }) => (activation === "relu" ? "relu" : "none")),
};
