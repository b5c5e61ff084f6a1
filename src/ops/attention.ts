import {
  type GradConfig,
  matMul,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
} from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

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

/** Multi-head attention, `softmax(q kᵀ / √size) v` for each head. Each `[batch, tokens, width]` → `[batch, tokens, width]` */
export function attention(queries: Tensor, keys: Tensor, values: Tensor, heads: number): Tensor {
  const composition = () => mergeHeads(matMul(attentionWeights(queries, keys, heads), splitHeads(values, heads)));
  // The kernel moves whole vectors of four channels.
  if ((queries.shape[2]! / heads) % 4 !== 0) return composition();
  return fusedKernel("VitrailAttention", { queries, keys, values }, { heads }, composition);
}

/** The weights are computed again instead of saved, as in flash attention. */
export const attentionGradient: GradConfig = {
  kernelName: "VitrailAttention",
  inputsToSave: ["queries", "keys", "values"],
  gradFunc: (dy, saved, attributes) => {
    const { heads } = attributes as unknown as { heads: number };
    const [q, k, v, d] = [...saved, dy as Tensor].map((x) => splitHeads(x, heads)) as [Tensor, Tensor, Tensor, Tensor];
    const scale = 1 / Math.sqrt(q.shape[3]!);
    const weights = softmax(mul(matMul(q, k, false, true), scale));
    const dWeights = matMul(d, v, false, true);
    const dScores = mul(mul(weights, sub(dWeights, sum(mul(dWeights, weights), -1, true))), scale);
    return {
      queries: () => mergeHeads(matMul(dScores, k)),
      keys: () => mergeHeads(matMul(dScores, q, true, false)),
      values: () => mergeHeads(matMul(weights, d, true, false)),
    };
  },
};
