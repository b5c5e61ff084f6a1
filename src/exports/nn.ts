export {
  type VisionTransformer,
  type VisionTransformerConfig,
  visionTransformer,
} from "../models/vision-transformer.js";
export { Attention, type AttentionConfig, AttentionWeights } from "../nn/attention.js";
export { ClassToken } from "../nn/class-token.js";
export { LayerNorm, type LayerNormConfig } from "../nn/layer-norm.js";
export { Linear, type LinearConfig } from "../nn/linear.js";
export { Operation } from "../nn/operation.js";
export { PatchEmbedding, type PatchEmbeddingConfig } from "../nn/patch-embedding.js";
export { Pool, type PoolConfig } from "../nn/pool.js";
export { PositionEmbedding } from "../nn/position-embedding.js";
export { Rotary, type RotaryConfig } from "../nn/rotary.js";
export { Swiglu } from "../nn/swiglu.js";
export { loadLayers } from "../tasks/load-model.js";
