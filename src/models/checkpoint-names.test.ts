import { describe, expect, it } from "vitest";
import { translateNames } from "./checkpoint-names.js";

const NOTHING = /$^/;
const shapes = (entries: Record<string, number[]>) =>
  new Map(Object.entries(entries).map(([name, shape]) => [name, { dtype: "F32", shape }]));
const ourNames = (names: string[], options = { gated: false, unused: NOTHING }) => [
  ...translateNames(shapes(Object.fromEntries(names.map((name) => [name, [6, 2]]))), options).weights.keys(),
];

/** One weight in the spelling of each world. */
const SPELLINGS: [spelling: string, ours: string][] = [
  ["vit.embeddings.cls_token", "cls_token"],
  ["embeddings.cls_token", "cls_token"],
  ["timm_model.cls_token", "cls_token"],
  ["vit.embeddings.position_embeddings", "pos_embed"],
  ["vit.embeddings.patch_embeddings.projection.weight", "patch_embed.proj.weight"],
  ["vit.encoder.layer.11.layernorm_before.bias", "blocks.11.norm1.bias"],
  ["vit.layers.11.layernorm_after.bias", "blocks.11.norm2.bias"],
  ["encoder.layer.3.attention.attention.query.weight", "blocks.3.attn.q_proj.weight"],
  ["vit.layers.3.attention.k_proj.weight", "blocks.3.attn.k_proj.weight"],
  ["vit.encoder.layer.3.attention.output.dense.weight", "blocks.3.attn.proj.weight"],
  ["vit.layers.3.attention.o_proj.weight", "blocks.3.attn.proj.weight"],
  ["vit.encoder.layer.3.intermediate.dense.weight", "blocks.3.mlp.fc1.weight"],
  ["vit.encoder.layer.3.output.dense.weight", "blocks.3.mlp.fc2.weight"],
  ["vit.layers.3.mlp.fc2.weight", "blocks.3.mlp.fc2.weight"],
  ["vit.layernorm.weight", "norm.weight"],
  ["classifier.bias", "head.bias"],
  ["pooler.dense.weight", "pooler.weight"],
  ["timm_model.blocks.3.mlp.fc1_g.bias", "blocks.3.mlp.fc1_g.bias"],
  ["blocks.3.mlp.w1.weight", "blocks.3.mlp.fc1_g.weight"],
  ["blocks.3.mlp.w2.weight", "blocks.3.mlp.fc1_x.weight"],
  ["blocks.3.mlp.w3.weight", "blocks.3.mlp.fc2.weight"],
  ["blocks.3.mlp.ffn_ln.weight", "blocks.3.mlp.norm.weight"],
  ["blocks.3.attn.q_bias", "blocks.3.attn.q_proj.bias"],
];

describe("translateNames", () => {
  it.each(SPELLINGS)("%s is %s", (spelling, ours) => {
    expect(ourNames([spelling])).toEqual([ours]);
  });

  it("takes fused projections apart into thirds of their rows", () => {
    const { weights } = translateNames(shapes({ "blocks.0.attn.qkv.weight": [6, 2] }), {
      gated: false,
      unused: NOTHING,
    });
    expect([...weights].map(([name, { shape, firstRow }]) => [name, shape, firstRow])).toEqual([
      ["blocks.0.attn.q_proj.weight", [2, 2], 0],
      ["blocks.0.attn.k_proj.weight", [2, 2], 2],
      ["blocks.0.attn.v_proj.weight", [2, 2], 4],
    ]);
  });

  it("takes a packed first layer apart in a gated MLP, gate first, and leaves a plain one whole", () => {
    expect(ourNames(["blocks.0.mlp.fc1.weight"], { gated: true, unused: NOTHING })).toEqual([
      "blocks.0.mlp.fc1_g.weight",
      "blocks.0.mlp.fc1_x.weight",
    ]);
    expect(ourNames(["blocks.0.mlp.fc1.weight"])).toEqual(["blocks.0.mlp.fc1.weight"]);
  });

  it("keeps names that no rule knows, so that they are reported as unexpected", () => {
    expect(ourNames(["blocks.0.ls1.gamma"])).toEqual(["blocks.0.ls1.gamma"]);
  });

  it("leaves out what the model says it does not use", () => {
    expect(ourNames(["timm_model.rope.bands", "norm.bias"], { gated: true, unused: /^rope\./ })).toEqual(["norm.bias"]);
  });

  it("names two spellings of one weight", () => {
    const { duplicates } = translateNames(shapes({ "vit.layernorm.bias": [2], "layernorm.bias": [2] }), {
      gated: false,
      unused: NOTHING,
    });
    expect(duplicates).toEqual([["vit.layernorm.bias", "layernorm.bias"]]);
  });

  it("moves a pretraining checkpoint's last norm to where fine-tuning has it", () => {
    expect(ourNames(["mask_token", "norm.weight"], { gated: true, unused: /^mask_token$/ })).toEqual([
      "fc_norm.weight",
    ]);
  });
});
