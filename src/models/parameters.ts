import type { LayersModel, layers } from "@tensorflow/tfjs-layers";
import type { PatchEmbeddingConfig } from "../nn/patch-embedding.js";

/**
 * How a stored weight becomes the layer's:
 * `same`: as it is; `transposed`: all but the first axis flattened, then `[out, in]` → `[in, out]`;
 * `convolution`: `[out, in, height, width]` → `[height, width, in, out]`; `depthwise`: `[channels, 1, height, width]` → `[height, width, channels, 1]`.
 */
export type WeightLayout = "same" | "transposed" | "convolution" | "depthwise";

type LayerVariable = layers.Layer["weights"][number];

/** One learned tensor of a model and where it stands in a checkpoint of our spelling. */
export interface Parameter {
  /** The layer's name, which is its checkpoint prefix, with PyTorch's suffix. */
  name: string;
  /** As a checkpoint stores it. */
  storedShape: number[];
  layout: WeightLayout;
  variable: LayerVariable;
}

interface Rule {
  suffix: string;
  layout: WeightLayout;
}

const BIAS: Rule = { suffix: ".bias", layout: "same" };
const BARE: Rule = { suffix: "", layout: "same" };
const DENSE = { kernel: { suffix: ".weight", layout: "transposed" }, bias: BIAS } as const;

/** By layer class and the weight's name within the layer. */
const RULES: Record<string, Record<string, Rule>> = {
  VitrailLinear: DENSE,
  VitrailPatchEmbedding: DENSE,
  VitrailLayerNorm: { gamma: { suffix: ".weight", layout: "same" }, beta: BIAS },
  VitrailPrelu: { slope: { suffix: ".weight", layout: "same" } },
  VitrailClassToken: { value: BARE },
  VitrailPositionEmbedding: { value: BARE },
  Conv2D: { kernel: { suffix: ".weight", layout: "convolution" }, bias: BIAS },
  VitrailSeparableConvolution: {
    depthwise_kernel: { suffix: ".depthwise.weight", layout: "depthwise" },
    depthwise_bias: { suffix: ".depthwise.bias", layout: "same" },
    kernel: { suffix: ".pointwise.weight", layout: "convolution" },
    bias: { suffix: ".pointwise.bias", layout: "same" },
  },
  DepthwiseConv2D: { depthwise_kernel: { suffix: ".weight", layout: "depthwise" }, bias: BIAS },
};

/** Every learned tensor of a model, in the order of its layers. */
export function parametersOf(model: LayersModel): Parameter[] {
  return model.layers.flatMap((layer) =>
    layer.weights.map((variable) => {
      // TF.js makes `name` unique in the process ("kernel_1"); `originalName` keeps what the layer asked for.
      const local = variable.originalName.split("/").at(-1)!;
      const { suffix, layout } = RULES[layer.getClassName()]![local]!;
      return { name: layer.name + suffix, storedShape: storedShape(layer, variable, layout), layout, variable };
    }),
  );
}

function storedShape(layer: layers.Layer, variable: LayerVariable, layout: WeightLayout): number[] {
  const shape = variable.shape as number[];
  if (layout === "convolution") return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  if (layout === "depthwise") return [shape[2]!, shape[3]!, shape[0]!, shape[1]!];
  if (layout === "same") return shape;
  const [inputs, outputs] = shape as [number, number];
  if (layer.getClassName() !== "VitrailPatchEmbedding") return [outputs, inputs];
  const { height, width } = (layer.getConfig() as unknown as PatchEmbeddingConfig).patch;
  return [outputs, inputs / (height * width), height, width];
}
