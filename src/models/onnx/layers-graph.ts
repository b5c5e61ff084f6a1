import type { layers } from "@tensorflow/tfjs-layers";
import { CheckpointError } from "../../errors.js";
import { OnnxGraph, type Opset } from "../../io/onnx/onnx-graph.js";
import { type LayersToTranslate, translateLayers } from "../translate-layers.js";
import * as convolutions from "./convolution-nodes.js";
import { LayerStep, type OnnxValue } from "./layer-step.js";
import type { OnnxWeights } from "./onnx-weights.js";
import * as transformer from "./transformer-nodes.js";

// biome-ignore lint/suspicious/noExplicitAny: each entry knows the config of the class that it stands for
type Emit = (step: LayerStep, config: any) => string;

const namesOf = (step: LayerStep) => step.inputs.map(({ name }) => name);

/** What a layer of each class computes, in ONNX's operators. Which layers a model has, and how they hang together, its builder says. */
const NODES: Record<string, Emit> = {
  VitrailPatchEmbedding: transformer.patchEmbedding,
  VitrailClassToken: transformer.classToken,
  VitrailPositionEmbedding: transformer.positionEmbedding,
  VitrailLayerNorm: transformer.layerNorm,
  VitrailLinear: transformer.linear,
  VitrailAttention: transformer.attention,
  VitrailAttentionWeights: transformer.attentionWeights,
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
  Add: (step) => step.node("Add", namesOf(step)),
  Concatenate: (step) => step.node("Concat", namesOf(step), { axis: 1 }),
};

export interface LayersGraphOptions extends LayersToTranslate {
  weights: OnnxWeights;
  /** How the picture is given to the graph, as its input `pixel_values`. */
  picture: "channels-first" | "channels-last";
  opset: Opset;
}

/** Of the graph's input, as transformers.js and Hugging Face's exports call it. */
export const INPUT_NAME = "pixel_values";

/**
 * Writes the part of a TF.js model that leads to some outputs as an ONNX graph.
 *
 * @throws CheckpointError `checkpoint/export` for a layer that has no ONNX form here
 */
export function layersGraph({ input, outputs, weights, picture, opset }: LayersGraphOptions): OnnxGraph {
  const graph = new OnnxGraph(opset);
  const [, height, width, channels] = input.shape as [null, number, number, number];
  const isFirst = picture === "channels-first";
  const given = graph.input(
    INPUT_NAME,
    isFirst ? ["batch", channels, height, width] : ["batch", height, width, channels],
  );
  const first = isFirst ? given : graph.node("Transpose", [given], { attributes: { perm: [0, 3, 1, 2] } });
  const values = translateLayers<OnnxValue>(
    { input, outputs },
    { name: first, shape: [height, width, channels] },
    (layer, inputs, shape) => ({ name: emit(layer, new LayerStep(graph, weights, layer.name, inputs, shape)), shape }),
  );
  for (const [name, { name: value, shape }] of values) {
    graph.node("Identity", [value], { outputs: [name] });
    graph.output(name, ["batch", ...shape]);
  }
  return graph;
}

function emit(layer: layers.Layer, step: LayerStep): string {
  const kind = layer.getClassName();
  const nodes = NODES[kind];
  if (!nodes)
    throw new CheckpointError(
      "checkpoint/export",
      `The layer "${layer.name}" is a ${kind}, which can't be written as ONNX.`,
      { details: { layer: layer.name, kind } },
    );
  return nodes(step, layer.getConfig());
}
