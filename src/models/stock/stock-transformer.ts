import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { AttentionConfig } from "../../nn/attention.js";
import type { LayerNormConfig } from "../../nn/layer-norm.js";
import type { LinearConfig } from "../../nn/linear.js";
import type { PatchEmbeddingConfig } from "../../nn/patch-embedding.js";
import type { PoolConfig } from "../../nn/pool.js";
import type { RotaryConfig } from "../../nn/rotary.js";
import { middleDivisor } from "../../ops/middle-divisor.js";
import { rotaryTable } from "../../ops/rotary.js";
import { stockActivation } from "./stock-activations.js";
import type { StockStep } from "./stock-step.js";

/** Picture → `[batch, patches, units]` */
export function patchEmbedding(step: StockStep, { units, patch }: PatchEmbeddingConfig): SymbolicTensor {
  const side: [number, number] = [patch.height, patch.width];
  const map = step.named(
    layers.conv2d({ filters: units, kernelSize: side, strides: side, kernelInitializer: "zeros" }),
    step.input,
    [step.weight(".weight", [units, step.inputShape[2]!, ...side], "convolution"), step.weight(".bias", [units])],
  );
  return step.reshape(map, ...step.shape);
}

/** `[batch, patches, width]` → `[batch, 1 + patches, width]` */
export function classToken(step: StockStep): SymbolicTensor {
  const width = step.shape[1]!;
  const token = step.model.constant([1, width], step.weight("", [1, 1, width]), "cls_token");
  return step.plain(layers.concatenate({ axis: 1 }), [token, step.input]);
}

export function positionEmbedding(step: StockStep): SymbolicTensor {
  const positions = step.model.constant(step.shape, step.weight("", [1, ...step.shape]), "pos_embed");
  return step.plain(layers.add(), [step.input, positions]);
}

export function layerNorm(step: StockStep, { epsilon }: LayerNormConfig): SymbolicTensor {
  const width = step.shape.at(-1)!;
  const weights = [step.weight(".weight", [width]), step.weight(".bias", [width])];
  return step.named(layers.layerNormalization({ epsilon, axis: -1 }), step.input, weights);
}

/** `residual + activation(x Wᵀ + bias)` */
export function linear(step: StockStep, { units, bias, activation }: LinearConfig): SymbolicTensor {
  const [x, residual] = step.inputs;
  const useBias = bias !== "none";
  const product = step.named(layers.dense({ units, useBias, kernelInitializer: "zeros" }), x!, [
    step.weight(".weight", [units, step.inputShape.at(-1)!], "transposed"),
    ...(useBias ? [step.weight(".bias", [units])] : []),
  ]);
  const activated = stockActivation(step, product, activation);
  return residual ? step.plain(layers.add(), [activated, residual]) : activated;
}

/** Queries, keys, values, each `[batch, tokens, width]` → the same */
export function attention(step: StockStep, { heads }: AttentionConfig): SymbolicTensor {
  const [tokens, width] = step.shape as [number, number];
  const size = width / heads;
  const rows = step.plain(layers.concatenate({ axis: 1 }), [...step.inputs]);
  const split = step.plain(layers.permute({ dims: [2, 1, 3] }), step.reshape(rows, 3 * tokens, heads, size));
  const one = step.model.once(`attention ${tokens} ${size}`, () =>
    layers.timeDistributed({ layer: oneHead(step, tokens, size) }),
  );
  const mixed = step.plain(layers.permute({ dims: [2, 1, 3] }), step.plain(one, split));
  return step.reshape(mixed, tokens, width);
}

/**
 * What one head does, as a model of its own, since no stock layer multiplies matrices of more than one head. Queries, keys and values stand
 * one after the other: `[batch, 3 * tokens, size]` → `[batch, tokens, size]`
 */
function oneHead(step: StockStep, tokens: number, size: number) {
  const rows = input({ shape: [3 * tokens, size], name: "queries_keys_values" });
  const parts = step.reshape(rows, 3, tokens, size);
  const [queries, keys, values] = [0, 1, 2].map((part) => {
    const before = part;
    const after = 2 - part;
    const cropping: [[number, number], [number, number]] = [
      [before, after],
      [0, 0],
    ];
    return step.reshape(step.plain(layers.cropping2D({ cropping }), parts), tokens, size);
  }) as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
  const scaled = step.plain(layers.rescaling({ scale: 1 / Math.sqrt(size) }), queries);
  const scores = step.plain(layers.dot({ axes: [2, 2] }), [scaled, keys]);
  const weights = step.plain(layers.softmax({ axis: -1 }), scores);
  const mixed = step.plain(layers.dot({ axes: [2, 1] }), [weights, values]);
  return model({ inputs: rows, outputs: mixed, name: "attention_head" });
}

/** `[batch, tokens, width]` → the same; the tokens before the patches get the angle 0 */
export function rotary(step: StockStep, { heads, grid, reference }: RotaryConfig): SymbolicTensor {
  const [tokens, width] = step.shape as [number, number];
  const size = width / heads;
  const { sin, cos, patches } = rotaryTable(grid, reference, size);
  const constant = (name: string, table: Float32Array, atZero: number) =>
    step.model.once(`rotary ${name} ${size} ${JSON.stringify([grid, reference])}`, () => {
      const values = new Float32Array(tokens * size).fill(atZero);
      values.set(table, (tokens - patches) * size);
      return step.model.constant([tokens, 1, size], { values });
    });
  const split = step.reshape(step.input, tokens, heads, size);
  const straight = step.plain(layers.multiply(), [split, constant("cos", cos, 1)]);
  const turned = step.plain(layers.multiply(), [quarterTurn(step, split, size), constant("sin", sin, 0)]);
  return step.reshape(step.plain(layers.add(), [straight, turned]), tokens, width);
}

/** Each pair of neighbors (a, b) becomes (-b, a): a product with a matrix of zeros and ones, which is exact. `[..., size]` → the same */
function quarterTurn(step: StockStep, x: SymbolicTensor, size: number): SymbolicTensor {
  const values = new Float32Array(size * size);
  for (let even = 0; even < size; even += 2) {
    values[(even + 1) * size + even] = -1;
    values[even * size + even + 1] = 1;
  }
  const layer = step.model.once(`quarter turn ${size}`, () =>
    layers.dense({ units: size, useBias: false, kernelInitializer: "zeros" }),
  );
  return step.model.apply(layer, x, [{ values }], "quarter_turn");
}

/** `silu(gate) * value` */
export function swiglu(step: StockStep): SymbolicTensor {
  const [gate, value] = step.inputs;
  return step.plain(layers.multiply(), [stockActivation(step, gate!, "silu"), value!]);
}

/** `[batch, 1 + patches, width]` → `[batch, width]` */
export function pool(step: StockStep, { over }: PoolConfig): SymbolicTensor {
  const [tokens, width] = step.inputShape as [number, number];
  const column = step.reshape(step.input, tokens, 1, width);
  const rows = (before: number, after: number) =>
    step.plain(
      layers.cropping2D({
        cropping: [
          [before, after],
          [0, 0],
        ],
      }),
      column,
    );
  if (over === "class") return step.reshape(rows(0, tokens - 1), width);
  // The mean of means of parts, since one chain of a thousand additions in float32 loses two thirds of PyTorch's exactness.
  const side: [number, number] = [middleDivisor(tokens - 1), 1];
  const means = step.plain(layers.averagePooling2d({ poolSize: side, strides: side }), rows(1, 0));
  return step.plain(layers.globalAveragePooling2d({ dataFormat: "channelsLast" }), means);
}
