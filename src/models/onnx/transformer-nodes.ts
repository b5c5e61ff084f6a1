import type { AttentionConfig } from "../../nn/attention.js";
import type { LayerNormConfig } from "../../nn/layer-norm.js";
import type { LinearConfig } from "../../nn/linear.js";
import type { PatchEmbeddingConfig } from "../../nn/patch-embedding.js";
import type { PoolConfig } from "../../nn/pool.js";
import type { RotaryConfig } from "../../nn/rotary.js";
import { middleDivisor } from "../../ops/middle-divisor.js";
import { rotaryTable } from "../../ops/rotary.js";
import { activationNode } from "./activation-nodes.js";
import type { LayerStep } from "./layer-step.js";

/** Channels-first picture → `[batch, patches, units]` */
export function patchEmbedding(step: LayerStep, { units, patch }: PatchEmbeddingConfig): string {
  const side = [patch.height, patch.width];
  const weight = step.weight(".weight", [units, step.input.shape[2]!, ...side]);
  const map = step.node("Conv", [step.input.name, weight, step.weight(".bias", [units])], {
    kernel_shape: side,
    strides: side,
  });
  return step.node("Transpose", [step.reshape(map, units, step.shape[0]!)], { perm: [0, 2, 1] });
}

/** `[batch, patches, width]` → `[batch, 1 + patches, width]` */
export function classToken(step: LayerStep): string {
  const width = step.shape[1]!;
  const batch = step.node("Shape", [step.input.name], { start: 0, end: 1 });
  const shape = step.node("Concat", [batch, step.graph.integers(1, width)], { axis: 0 });
  const token = step.node("Expand", [step.weight("", [1, 1, width]), shape]);
  return step.node("Concat", [token, step.input.name], { axis: 1 });
}

export function positionEmbedding(step: LayerStep): string {
  return step.node("Add", [step.input.name, step.weight("", [1, ...step.shape])]);
}

export function layerNorm(step: LayerStep, { epsilon }: LayerNormConfig): string {
  const width = step.shape.at(-1)!;
  return step.node(
    "LayerNormalization",
    [step.input.name, step.weight(".weight", [width]), step.weight(".bias", [width])],
    {
      axis: -1,
      epsilon: { float: epsilon },
    },
  );
}

/** `residual + activation(x Wᵀ + bias)` */
export function linear(step: LayerStep, { bias, activation }: LinearConfig): string {
  const [x, residual] = step.inputs;
  const hasBias = bias !== "none";
  const activated = product(step, x!, hasBias, activation);
  return residual ? step.node("Add", [activated, residual.name]) : activated;
}

function product(
  step: LayerStep,
  x: LayerStep["input"],
  hasBias: boolean,
  activation: LinearConfig["activation"],
): string {
  const [inputs, units] = [x.shape.at(-1)!, step.shape.at(-1)!];
  const bias = hasBias ? [step.weight(".bias", [units])] : [];
  const quantized = step.quantized(".weight", [units, inputs]);
  if (quantized) {
    const { values, scales } = quantized;
    const rows = quantizedRows(step, x.name);
    const y = step.contributed("MatMulIntegerToFloat", [
      rows.values,
      values,
      rows.scale,
      scales,
      rows.zero,
      "",
      ...bias,
    ]);
    return activationNode(step, y, activation);
  }
  const weight = step.weight(".weight", [units, inputs]);
  if (activation === "gelu" && hasBias) {
    // Bias and GELU in one go over the product, which Gemm would write the bias into first.
    const y = step.contributed("FusedMatMul", [x.name, weight], { transB: 1 });
    return step.contributed("BiasGelu", [y, ...bias]);
  }
  // Gemm packs `[out, in]` as it lies in the file, but takes matrices only.
  const isMatrix = x.shape.length === 1;
  const rows = isMatrix ? x.name : step.node("Reshape", [x.name, step.graph.integers(-1, inputs)]);
  const y = step.node("Gemm", [rows, weight, ...bias], { transB: 1 });
  const whole = isMatrix ? y : step.node("Reshape", [y, step.graph.integers(-1, ...step.shape)]);
  return activationNode(step, whole, activation);
}

/** Small integers in the place of float32, made as the graph runs, once for all layers that read them: queries, keys and values read the same. */
function quantizedRows(step: LayerStep, x: string) {
  const [values, scale, zero] = ["as integers", "scale", "zero"].map((what) => `${x} ${what}`) as [
    string,
    string,
    string,
  ];
  step.graph.once(values, () => step.graph.node("DynamicQuantizeLinear", [x], { outputs: [values, scale, zero] }));
  return { values, scale, zero };
}

/** Queries, keys, values, each `[batch, tokens, width]` → the same */
export function attention(step: LayerStep, { heads }: AttentionConfig): string {
  const inputs = step.inputs.map(({ name }) => name);
  if (step.graph.opset >= 23) return step.node("Attention", inputs, { q_num_heads: heads, kv_num_heads: heads });
  return step.contributed("MultiHeadAttention", inputs, { num_heads: heads });
}

/** Queries and keys `[batch, tokens, width]` → `[batch, heads, tokens, tokens]` */
export function attentionWeights(step: LayerStep, { heads }: AttentionConfig): string {
  const [queries, keys] = step.inputs;
  const [tokens, width] = queries!.shape as [number, number];
  const size = width / heads;
  const split = (x: string, perm: number[]) => step.node("Transpose", [step.reshape(x, tokens, heads, size)], { perm });
  const scaled = step.node("Mul", [split(queries!.name, [0, 2, 1, 3]), step.graph.scalar(1 / Math.sqrt(size))]);
  return step.node("Softmax", [step.node("MatMul", [scaled, split(keys!.name, [0, 2, 3, 1])])], { axis: -1 });
}

/** `[batch, tokens, width]` → the same; the tokens before the patches get the angle 0 */
export function rotary(step: LayerStep, { heads, grid, reference }: RotaryConfig): string {
  const [tokens, width] = step.shape as [number, number];
  const size = width / heads;
  const { sin, cos, patches } = rotaryTable(grid, reference, size);
  const half = size / 2;
  /** ONNX Runtime wants each angle once, and a row for every token. */
  const rows = (table: Float32Array, atZero: number) => {
    const values = new Float32Array(tokens * half).fill(atZero);
    const skipped = (tokens - patches) * half;
    for (let i = 0; i < patches * half; i++) values[skipped + i] = table[2 * i]!;
    return step.graph.floats([tokens, half], values);
  };
  const key = `rotary ${heads} ${JSON.stringify([grid, reference])}`;
  const [cosines, sines] = [
    step.graph.once(`${key} cos`, () => rows(cos, 1)),
    step.graph.once(`${key} sin`, () => rows(sin, 0)),
  ];
  return step.contributed("RotaryEmbedding", [step.input.name, step.graph.integers(0), cosines, sines], {
    interleaved: 1,
    num_heads: heads,
    rotary_embedding_dim: 0,
  });
}

/** `silu(gate) * value` */
export function swiglu(step: LayerStep): string {
  const [gate, value] = step.inputs;
  return step.node("Mul", [activationNode(step, gate!.name, "silu"), value!.name]);
}

/** Numbers that are added up in one chain: docs/numerics.md says why. */
const LONGEST_CHAIN = 256;

/** `[batch, 1 + patches, width]` → `[batch, width]` */
export function pool(step: LayerStep, { over }: PoolConfig): string {
  const { name, shape } = step.input;
  const { graph } = step;
  const rows = (begin: number, end: number) =>
    step.node("Slice", [name, graph.integers(begin), graph.integers(end), graph.integers(1)]);
  if (over === "class") return step.reshape(rows(0, 1), shape[1]!);
  const patches = shape[0]! - 1;
  const mean = (x: string) => step.node("ReduceMean", [x, graph.integers(1)], { keepdims: 0 });
  if (patches <= LONGEST_CHAIN) return mean(rows(1, shape[0]!));
  // The mean of means of parts: one chain of a thousand additions loses two thirds of PyTorch's exactness.
  const parts = middleDivisor(patches);
  const split = step.reshape(rows(1, shape[0]!), parts, patches / parts, shape[1]!);
  const means = step.node("ReduceMean", [split, graph.integers(2)], { keepdims: 0 });
  return mean(means);
}
