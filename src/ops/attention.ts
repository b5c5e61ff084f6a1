import {
  type GradConfig,
  matMul,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { fusedKernel, fusedKernels } from "./fused-kernel.js";

/** `[batch, tokens, width]` → `[batch, heads, tokens, size]`, where each head's channels lie together */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** `[batch, heads, tokens, size]` → `[batch, tokens, width]` */
function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, size] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}

/** Softmax weights of each head, `softmax(q kᵀ / √size)`. Each `[batch, tokens, width]` → `[batch, heads, tokens, tokens]` */
export function attentionWeights(queries: Tensor, keys: Tensor, heads: number): Tensor {
  const size = queries.shape[2]! / heads;
  const scores = matMul(splitHeads(queries, heads), splitHeads(keys, heads), false, true);
  return softmax(mul(scores, 1 / Math.sqrt(size)));
}

/** How the products within an attention are computed: as float32, or on an engine that can from 8-bit integers. */
export type AttentionPrecision = "float32" | "int8";

/** Multi-head attention, `softmax(q kᵀ / √size) v` for each head. Each `[batch, tokens, width]` → `[batch, tokens, width]` */
export function attention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  heads: number,
  precision: AttentionPrecision = "float32",
): Tensor {
  const composition = () => mergeHeads(matMul(attentionWeights(queries, keys, heads), splitHeads(values, heads)));
  // The kernel moves whole vectors of four channels.
  if ((queries.shape[2]! / heads) % 4 !== 0) return composition();
  return fusedKernel("VitrailAttention", { queries, keys, values }, { heads, precision }, composition);
}

/** Slopes of queries, keys and values. Each `[batch, tokens, width]` → the same */
function slopes(
  dy: Tensor,
  [queries, keys, values]: [Tensor, Tensor, Tensor],
  heads: number,
): [Tensor, Tensor, Tensor] {
  const size = queries.shape[2]! / heads;
  const composition = () => {
    const [q, k, v, d] = [queries, keys, values, dy].map((x) => splitHeads(x, heads)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const scale = 1 / Math.sqrt(size);
    const weights = softmax(mul(matMul(q, k, false, true), scale));
    const dWeights = matMul(d, v, false, true);
    const dScores = mul(mul(weights, sub(dWeights, sum(mul(dWeights, weights), -1, true))), scale);
    const merged = [matMul(dScores, k), matMul(dScores, q, true, false), matMul(weights, d, true, false)].map(
      mergeHeads,
    );
    return merged as [Tensor, Tensor, Tensor];
  };
  // The kernel writes whole register blocks of a head's channels.
  if (size % 16 !== 0) return tidy(composition);
  return fusedKernels("VitrailAttentionGradient", { dy, queries, keys, values }, { heads }, () => tidy(composition));
}

/** The weights are computed again instead of saved, as in flash attention. */
export const attentionGradient: GradConfig = {
  kernelName: "VitrailAttention",
  inputsToSave: ["queries", "keys", "values"],
  gradFunc: (dy, saved, attributes) => {
    const { heads } = attributes as unknown as { heads: number };
    const [queries, keys, values] = slopes(dy as Tensor, saved as [Tensor, Tensor, Tensor], heads);
    return { queries: () => queries, keys: () => keys, values: () => values };
  },
};
