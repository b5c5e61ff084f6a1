import { layers, model, input as newInput, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { CheckpointError } from "../../errors.js";
import { disposeModel } from "../dispose-model.js";
import { type LayersToTranslate, translateLayers } from "../translate-layers.js";
import * as convolutions from "./stock-convolutions.js";
import { StockModel, type StockSource, StockStep } from "./stock-step.js";
import * as transformer from "./stock-transformer.js";

// biome-ignore lint/suspicious/noExplicitAny: each entry knows the config of the class that it stands for
type Say = (step: StockStep, config: any) => SymbolicTensor;

/** What a layer of each class computes, in TF.js's own layers. Which layers a model has, and how they hang together, its builder says. */
const STOCK: Record<string, Say> = {
  VitrailPatchEmbedding: transformer.patchEmbedding,
  VitrailClassToken: transformer.classToken,
  VitrailPositionEmbedding: transformer.positionEmbedding,
  VitrailLayerNorm: transformer.layerNorm,
  VitrailLinear: transformer.linear,
  VitrailAttention: transformer.attention,
  VitrailRotary: transformer.rotary,
  VitrailSwiglu: transformer.swiglu,
  VitrailPool: transformer.pool,
  VitrailSeparableConvolution: convolutions.separableConvolution,
  VitrailZeroBorder: convolutions.zeroBorder,
  VitrailZeroPadChannels: convolutions.zeroPadChannels,
  VitrailBilinearUpsampling: convolutions.bilinearUpsampling,
  VitrailDepthToSpace: convolutions.depthToSpace,
  Conv2D: convolutions.convolution("dense"),
  DepthwiseConv2D: convolutions.convolution("depthwise"),
  Reshape: convolutions.reshape,
  Add: (step) => step.plain(layers.add(), [...step.inputs]),
  Concatenate: (step) => step.plain(layers.concatenate({ axis: 1 }), [...step.inputs]),
};

/** A weight of a stock model, in the order of its file. */
export interface StockWeight {
  /** As TF.js finds it. */
  name: string;
  /** As TF.js's layers have it. */
  shape: number[];
  source: StockSource;
}

/** What a LayersModel's `model.json` says, and what its weights are. */
export interface StockDescription {
  topology: object;
  weights: StockWeight[];
}

/**
 * Says the part of a model that leads to some outputs in layers that every TF.js has. The outputs end in layers of their names.
 *
 * @throws CheckpointError `checkpoint/export` for a layer that has no such form
 */
export function stockLayers({ input, outputs }: LayersToTranslate): StockDescription {
  const picture = newInput({ shape: input.shape.slice(1) as number[], name: "pixel_values" });
  const stock = new StockModel(picture);
  const said = translateLayers<SymbolicTensor>({ input, outputs }, picture, (layer, inputs, shape) => {
    const kind = layer.getClassName();
    const say = STOCK[kind];
    if (!say)
      throw new CheckpointError(
        "checkpoint/export",
        `The layer "${layer.name}" is a ${kind}, which can't be said in TF.js's own layers. Export the model as ONNX (--onnx).`,
        { details: { layer: layer.name, kind } },
      );
    return say(new StockStep(stock, layer.name, inputs, shape), layer.getConfig());
  });
  const ends = [...said].map(([name, value]) =>
    stock.apply(layers.activation({ activation: "linear" }), value, [], name),
  );
  const whole = model({ inputs: picture, outputs: ends, name: "vitrail" });
  try {
    const weights = whole.weights.map((variable) => ({
      name: variable.originalName,
      shape: variable.shape as number[],
      source: stock.sources.get(variable)!,
    }));
    return { topology: whole.toJSON(null, false) as object, weights };
  } finally {
    disposeModel(whole);
  }
}
