import { input, type LayersModel, type layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { Attention, AttentionWeights } from "../nn/attention.js";
import { ClassToken } from "../nn/class-token.js";
import { LayerNorm } from "../nn/layer-norm.js";
import { Linear, type LinearConfig } from "../nn/linear.js";
import { PatchEmbedding } from "../nn/patch-embedding.js";
import { Pool } from "../nn/pool.js";
import { PositionEmbedding } from "../nn/position-embedding.js";
import { Rotary } from "../nn/rotary.js";
import { Swiglu } from "../nn/swiglu.js";
import type { Activation } from "../ops/activation.js";
import type { AttentionPrecision } from "../ops/attention.js";

/** Height and width in pixels. */
export interface Size {
  height: number;
  width: number;
}

/** What sets one vision transformer apart from another. Plain data. */
export interface VisionTransformerConfig {
  image: Size;
  patch: Size;
  width: number;
  depth: number;
  heads: number;
  /** Labels of the classifier; 0 for an encoder without one. */
  classes: number;
  /** Of every layer norm. */
  epsilon: number;
  /** Which of the three projections of the attention have a bias. EVA-02's keys have none. */
  projectionBias: "all" | "not-keys" | "none";
  mlp: { kind: "plain"; hidden: number; activation: Activation } | { kind: "swiglu" | "swiglu-norm"; hidden: number };
  /** Rotary positions in the attention, scaled from the picture's grid of patches to this one. */
  rotary?: { rows: number; columns: number };
  /** What the classifier reads: the class token after the final norm, or the mean of the patches, normalized after pooling. */
  pool: "class" | "mean";
  /** Units of a layer with a ReLU before the classifier, in heads that vitrail trained. */
  headHidden?: number;
  /** A dense layer over the normalized class token, which some encoders have beside the classifier. */
  pooler?: Activation;
}

export interface VisionTransformer {
  /** Picture `[batch, height, width, 3]` → every output, so that all layers belong to one model. */
  model: LayersModel;
  /**
   * What can be read, by name. `hidden.0` … `hidden.depth`, `tokens` (normalized where the model does so before pooling): `[batch, tokens, width]`;
   * `attention.0` …: `[batch, heads, tokens, tokens]`; `class`, `mean`, `pooler`: `[batch, width]`; `logits`: `[batch, classes]`.
   */
  outputs: ReadonlyMap<string, SymbolicTensor>;
}

/**
 * Builds ViT and EVA-02 alike. A layer's name is its checkpoint prefix; `checkpoint-names.ts` translates other spellings.
 *
 * @param precision of the products within the attentions; that of the weights' is the weights' own
 */
export function visionTransformer(
  c: VisionTransformerConfig,
  precision: AttentionPrecision = "float32",
): VisionTransformer {
  const outputs = new Map<string, SymbolicTensor>();
  const image = input({ shape: [c.image.height, c.image.width, 3] });
  let x = apply(new PatchEmbedding({ name: "patch_embed.proj", units: c.width, patch: c.patch }), image);
  x = apply(new ClassToken({ name: "cls_token" }), x);
  x = apply(new PositionEmbedding({ name: "pos_embed" }), x);
  outputs.set("hidden.0", x);
  for (let i = 0; i < c.depth; i++) {
    x = block(x, c, precision, `blocks.${i}`, (weights) => outputs.set(`attention.${i}`, weights));
    outputs.set(`hidden.${i + 1}`, x);
  }
  for (const [name, output] of pooled(x, c)) outputs.set(name, output);
  if (c.classes > 0) outputs.set("logits", head(outputs.get(c.pool)!, c));
  return { model: model({ inputs: image, outputs: [...new Set(outputs.values())] }), outputs };
}

/** Pre-norm block: `x + attention(norm(x))`, then `x + mlp(norm(x))`. `[batch, tokens, width]` → the same */
function block(
  x: SymbolicTensor,
  c: VisionTransformerConfig,
  precision: AttentionPrecision,
  name: string,
  onWeights: OnWeights,
): SymbolicTensor {
  x = attention(layerNorm(x, `${name}.norm1`, c), x, c, precision, `${name}.attn`, onWeights);
  return mlp(layerNorm(x, `${name}.norm2`, c), x, c, `${name}.mlp`);
}

type OnWeights = (weights: SymbolicTensor) => void;

/** `residual + proj(attention(q, k, v))`. `[batch, tokens, width]` → the same */
function attention(
  x: SymbolicTensor,
  residual: SymbolicTensor,
  c: VisionTransformerConfig,
  precision: AttentionPrecision,
  name: string,
  onWeights: OnWeights,
): SymbolicTensor {
  const project = (part: "q" | "k" | "v") => {
    const hasBias = c.projectionBias === "all" || (c.projectionBias === "not-keys" && part !== "k");
    return linear(x, `${name}.${part}_proj`, { units: c.width, bias: hasBias ? "learned" : "none" });
  };
  const queries = rotary(project("q"), c);
  const keys = rotary(project("k"), c);
  const values = project("v");
  const { heads } = c;
  onWeights(apply(new AttentionWeights({ heads }), [queries, keys]));
  const mixed = apply(new Attention({ heads, precision }), [queries, keys, values]);
  return linear([mixed, residual], `${name}.proj`, { units: c.width });
}

function rotary(x: SymbolicTensor, c: VisionTransformerConfig): SymbolicTensor {
  return c.rotary ? apply(new Rotary({ heads: c.heads, grid: gridOf(c), reference: c.rotary }), x) : x;
}

/** `residual + mlp(x)`. `[batch, tokens, width]` → the same */
function mlp(x: SymbolicTensor, residual: SymbolicTensor, c: VisionTransformerConfig, name: string): SymbolicTensor {
  const units = c.mlp.hidden;
  let hidden: SymbolicTensor;
  if (c.mlp.kind === "plain") hidden = linear(x, `${name}.fc1`, { units, activation: c.mlp.activation });
  else hidden = apply(new Swiglu(), [linear(x, `${name}.fc1_g`, { units }), linear(x, `${name}.fc1_x`, { units })]);
  if (c.mlp.kind === "swiglu-norm") hidden = layerNorm(hidden, `${name}.norm`, c);
  return linear([hidden, residual], `${name}.fc2`, { units: c.width });
}

/** The last tokens and the vectors made of them: normalized before pooling (ViT) or after (EVA-02). */
function pooled(x: SymbolicTensor, c: VisionTransformerConfig): Map<string, SymbolicTensor> {
  const outputs = new Map<string, SymbolicTensor>();
  const over = (tokens: SymbolicTensor, kind: "class" | "mean") => apply(new Pool({ over: kind }), tokens);
  if (c.pool === "class") {
    const tokens = layerNorm(x, "norm", c);
    outputs.set("tokens", tokens).set("class", over(tokens, "class")).set("mean", over(tokens, "mean"));
  } else {
    const norm = new LayerNorm({ name: "fc_norm", epsilon: c.epsilon });
    outputs
      .set("tokens", x)
      .set("mean", apply(norm, over(x, "mean")))
      .set("class", apply(norm, over(x, "class")));
  }
  if (c.pooler)
    outputs.set("pooler", linear(outputs.get("class")!, "pooler", { units: c.width, activation: c.pooler }));
  return outputs;
}

/** `[batch, width]` → `[batch, classes]` */
function head(x: SymbolicTensor, c: VisionTransformerConfig): SymbolicTensor {
  const read = c.headHidden ? linear(x, "head.hidden", { units: c.headHidden, activation: "relu" }) : x;
  return linear(read, "head", { units: c.classes });
}

/** The picture in patches. */
export function gridOf(c: Pick<VisionTransformerConfig, "image" | "patch">): { rows: number; columns: number } {
  return { rows: Math.floor(c.image.height / c.patch.height), columns: Math.floor(c.image.width / c.patch.width) };
}

function linear(x: SymbolicTensor | SymbolicTensor[], name: string, config: LinearConfig): SymbolicTensor {
  return apply(new Linear({ name, ...config }), x);
}

function layerNorm(x: SymbolicTensor, name: string, { epsilon }: VisionTransformerConfig): SymbolicTensor {
  return apply(new LayerNorm({ name, epsilon }), x);
}

function apply(layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}
