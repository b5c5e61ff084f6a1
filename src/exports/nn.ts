export {
  type VisionTransformer,
  type VisionTransformerConfig,
  visionTransformer,
} from "../models/vision-transformer.js";
export { Attention, type AttentionConfig, AttentionWeights } from "../nn/attention.js";
export { BilinearUpsampling, type BilinearUpsamplingConfig } from "../nn/bilinear-upsampling.js";
export { ClassToken } from "../nn/class-token.js";
export { DepthToSpace, type DepthToSpaceConfig } from "../nn/depth-to-space.js";
export { LayerNorm, type LayerNormConfig } from "../nn/layer-norm.js";
export { Linear, type LinearConfig } from "../nn/linear.js";
export { Operation } from "../nn/operation.js";
export { PatchEmbedding, type PatchEmbeddingConfig } from "../nn/patch-embedding.js";
export { Pool, type PoolConfig } from "../nn/pool.js";
export { PositionEmbedding } from "../nn/position-embedding.js";
export { Prelu } from "../nn/prelu.js";
export { Rotary, type RotaryConfig } from "../nn/rotary.js";
export { SeparableConvolution, type SeparableConvolutionConfig } from "../nn/separable-convolution.js";
export { Swiglu } from "../nn/swiglu.js";
export { ZeroBorder, type ZeroBorderConfig } from "../nn/zero-border.js";
export { ZeroPadChannels, type ZeroPadChannelsConfig } from "../nn/zero-pad-channels.js";
export { loadLayers } from "../tasks/load-model.js";
