import { CheckpointError, QuantizationError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import { translateNames } from "../../models/checkpoint-names.js";
import type { ModelConfig } from "../../models/model-config.js";

/** A matrix of a model's blocks as its checkpoint stores it: what is quantized or kept as one. */
export interface QuantizableLayer {
  /** In the checkpoint, without ".weight". */
  name: string;
  /** `[out, in]` */
  shape: readonly [number, number];
  /** The layers of the model that it is the weight of: three for a fused projection of queries, keys and values. */
  layers: string[];
}

/** The products within all attentions, which have no weights but can be kept from int8 too. */
export const ATTENTION = "attention";

/** Longest row that every engine multiplies as integers. */
const LONGEST = 8192;
const WEIGHT = /\.weight$/;
const IN_A_BLOCK = /^blocks\..*\.weight$/;

/**
 * The matrices of a checkpoint's blocks, in their order. Norms, biases, embeddings and the head are too small, or too near to the ends, to be worth it.
 *
 * @throws QuantizationError `quantize/already`, `quantize/too-small`
 */
export function quantizableLayers(
  { tensors }: Checkpoint,
  { architecture, unusedWeights, quantization, name: model }: ModelConfig,
  dtype: "int8" | "float16",
): QuantizableLayer[] {
  if (quantization || [...tensors.values()].some((tensor) => tensor.dtype === "I8"))
    throw new QuantizationError(
      "quantize/already",
      `"${model}" is quantized already${quantization ? `, as ${quantization.dtype}` : ""}: each rounding adds to the one before. Quantize the model that it was made from.`,
    );
  const { weights } = translateNames(tensors, { gated: architecture.mlp.kind !== "plain", unused: unusedWeights });
  const found = new Map<string, QuantizableLayer>();
  for (const [ours, { name }] of weights) {
    const { shape } = tensors.get(name)!;
    const isMatrix = shape.length === 2 && shape[1]! <= LONGEST;
    if (!IN_A_BLOCK.test(ours) || !isMatrix || !WEIGHT.test(name)) continue;
    const layer = found.get(name) ?? { name: name.replace(WEIGHT, ""), shape: [shape[0]!, shape[1]!], layers: [] };
    layer.layers.push(ours.replace(WEIGHT, ""));
    found.set(name, layer);
  }
  // A file has block 10 before block 2.
  const layers = [...found.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const isNarrow = ({ name }: QuantizableLayer) => /^(F16|F8_.*)$/.test(tensors.get(`${name}.weight`)!.dtype);
  if (dtype === "float16" && layers.length > 0 && layers.every(isNarrow))
    throw new QuantizationError(
      "quantize/already",
      `The matrices of "${model}" are stored in 16 bits or fewer already. Quantize it as int8, or leave it as it is.`,
    );
  const saved = layers.reduce(
    (sum, layer) => sum + savedBytes(layer, tensors.get(`${layer.name}.weight`)!.byteLength, dtype),
    0,
  );
  if (saved <= 0)
    throw new QuantizationError(
      "quantize/too-small",
      `"${model}" would not become smaller: its blocks have ${layers.length} matrices, and the scales of their rows take what ${dtype} saves. Leave it as it is.`,
    );
  return layers;
}

function savedBytes({ shape: [rows, columns] }: QuantizableLayer, bytes: number, dtype: "int8" | "float16"): number {
  return bytes - (dtype === "int8" ? rows * columns + rows * 4 : rows * columns * 2);
}

/** @throws CheckpointError `checkpoint/layer` for a name that is none of the layers' */
export function checkLayerNames(names: readonly string[], layers: readonly QuantizableLayer[]): void {
  const unknown = names.find((name) => name !== ATTENTION && !layers.some((layer) => layer.name === name));
  if (unknown !== undefined)
    throw new CheckpointError(
      "checkpoint/layer",
      `There is no layer "${unknown}" to keep; there are "${ATTENTION}", ${layers
        .slice(0, 4)
        .map(({ name }) => `"${name}"`)
        .join(", ")} …, ${layers.length + 1} in all.`,
      { details: { layers: layers.map(({ name }) => name) } },
    );
}
