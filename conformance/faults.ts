import { mean, slice, transpose, unstack } from "@tensorflow/tfjs-core";
import { Attention, AttentionWeights } from "../src/nn/attention.js";
import { LayerNorm } from "../src/nn/layer-norm.js";
import { Linear } from "../src/nn/linear.js";
import { PatchEmbedding } from "../src/nn/patch-embedding.js";
import { Pool } from "../src/nn/pool.js";
import { Rotary, type RotaryConfig } from "../src/nn/rotary.js";
import { Swiglu } from "../src/nn/swiglu.js";
import { rotaryTable } from "../src/ops/rotary.js";
import {
  configured,
  fill,
  interleavedHeads,
  pixel,
  pixels,
  prepared,
  reorder,
  rotary,
  rotateHalves,
  rounded,
  sharplyResized,
  shiftedTable,
  swap,
  swapBlocks,
  swappedTable,
  transposed,
  unscaled,
} from "./fault-changes.js";
import { type Change, changedLayer } from "./inject-fault.js";

/** A mistake that someone could make, the case that must catch it, and the first tensor that shows it. */
export interface Fault {
  name: string;
  caughtBy: string;
  firstAt: string;
  change: Change;
}

export const FAULTS: readonly Fault[] = [
  // What is read from config.json and preprocessor_config.json
  {
    name: "GELU by tanh instead of erf",
    caughtBy: "vit",
    firstAt: "hidden.1",
    change: configured({ hidden_act: "gelu_new" }),
  },
  {
    name: "GELU by erf instead of tanh",
    caughtBy: "vit-gelu-new",
    firstAt: "hidden.1",
    change: configured({ hidden_act: "gelu" }),
  },
  {
    name: "epsilon 1e-6 instead of 1e-12",
    caughtBy: "vit-small-embeddings",
    firstAt: "attention.0",
    change: configured({ layer_norm_eps: 1e-6 }),
  },
  {
    name: "epsilon 1e-5 instead of 1e-6",
    caughtBy: "vit-bare",
    firstAt: "attention.0",
    change: configured({ layer_norm_eps: 1e-5 }),
  },
  {
    name: "TF.js's epsilon 1e-3 instead of timm's 1e-6",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: { understood: (config) => ({ ...config, architecture: { ...config.architecture, epsilon: 1e-3 } }) },
  },
  {
    name: "mean and std swapped",
    caughtBy: "vit-bare",
    firstAt: "hidden.0",
    change: {
      files({ preprocessor }) {
        [preprocessor.image_mean, preprocessor.image_std] = [preprocessor.image_std, preprocessor.image_mean];
      },
    },
  },
  {
    name: "ImageNet's mean instead of CLIP's",
    caughtBy: "eva-base",
    firstAt: "hidden.0",
    change: configured({ mean: [0.485, 0.456, 0.406] }, "pretrained_cfg"),
  },
  {
    name: "bytes divided by 256",
    caughtBy: "vit",
    firstAt: "hidden.0",
    change: prepared({ rescale_factor: 1 / 256 }),
  },
  {
    name: "bilinear instead of bicubic",
    caughtBy: "vit-bare",
    firstAt: "hidden.0",
    change: prepared({ resample: 2 }),
  },
  {
    name: "squash instead of center crop",
    caughtBy: "eva-wrapper",
    firstAt: "hidden.0",
    change: configured({ crop_mode: "squash" }, "pretrained_cfg"),
  },
  {
    name: "the crop's share left out",
    caughtBy: "eva-wrapper",
    firstAt: "hidden.0",
    change: configured({ crop_pct: 1 }, "pretrained_cfg"),
  },
  {
    name: "positions resampled with antialiasing where transformers has none",
    caughtBy: "vit-bare@24x40",
    firstAt: "hidden.0",
    change: { understood: (config) => ({ ...config, positionFilter: "bicubic-antialias" }) },
  },
  {
    name: "positions resampled without antialiasing where timm has it",
    caughtBy: "eva-base@24x40",
    firstAt: "hidden.0",
    change: { understood: (config) => ({ ...config, positionFilter: "bicubic" }) },
  },

  // In the pixels
  {
    name: "BGR instead of RGB",
    caughtBy: "vit",
    firstAt: "hidden.0",
    change: pixels((image, row, column, channel) => pixel(image, row, column, 2 - channel)),
  },
  {
    name: "mirrored picture",
    caughtBy: "vit",
    firstAt: "hidden.0",
    change: pixels((image, row, column, channel) => pixel(image, row, image.width - 1 - column, channel)),
  },
  { name: "resize without antialiasing", caughtBy: "vit", firstAt: "hidden.0", change: { picture: sharplyResized } },

  // In the weights
  {
    name: "patch kernels transposed",
    caughtBy: "vit",
    firstAt: "hidden.0",
    change: transposed("patch_embeddings.projection.weight"),
  },
  { name: "class token left out", caughtBy: "vit", firstAt: "hidden.0", change: fill("cls_token", 0) },
  {
    name: "no position for the class token",
    caughtBy: "eva-base",
    firstAt: "hidden.0",
    change: fill("pos_embed", 0, 32),
  },
  {
    name: "queries and keys swapped",
    caughtBy: "vit",
    firstAt: "attention.0",
    change: swap("layer.0.attention.attention.query.weight", "layer.0.attention.attention.key.weight"),
  },
  {
    name: "fused projections in the order key, query, value",
    caughtBy: "timm-vit",
    firstAt: "attention.0",
    change: reorder("blocks.0.attn.qkv.weight", [1, 0, 2]),
  },
  {
    name: "no bias of the queries",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: fill("blocks.0.attn.q_proj.bias", 0),
  },
  {
    name: "no bias of the values",
    caughtBy: "vit",
    firstAt: "hidden.1",
    change: fill("layer.0.attention.attention.value.bias", 0),
  },
  {
    name: "a square kernel transposed",
    caughtBy: "vit",
    firstAt: "hidden.1",
    change: transposed("layer.0.attention.output.dense.weight"),
  },
  {
    name: "gate and value of SwiGLU swapped",
    caughtBy: "eva-base",
    firstAt: "hidden.1",
    change: swap("blocks.0.mlp.fc1_g.weight", "blocks.0.mlp.fc1_x.weight"),
  },
  {
    name: "halves of a packed SwiGLU swapped",
    caughtBy: "eva-tiny",
    firstAt: "hidden.1",
    change: reorder("blocks.0.mlp.fc1.weight", [1, 0]),
  },
  {
    name: "no norm inside the MLP",
    caughtBy: "eva-base",
    firstAt: "hidden.1",
    change: fill("blocks.0.mlp.norm.weight", 1),
  },
  {
    name: "blocks sorted by name, 10 before 2",
    caughtBy: "vit-deep",
    firstAt: "attention.2",
    change: swapBlocks(2, 10),
  },
  { name: "weights rounded to float16", caughtBy: "vit", firstAt: "hidden.0", change: rounded(10) },
  { name: "weights rounded to bfloat16", caughtBy: "eva-base", firstAt: "hidden.0", change: rounded(7) },

  // In the code of a layer
  {
    name: "patches column by column",
    caughtBy: "vit",
    firstAt: "hidden.0",
    change: changedLayer(PatchEmbedding, (_, [image], original) => original([transpose(image!, [0, 2, 1, 3])])),
  },
  {
    name: "attention weights without scale",
    caughtBy: "vit",
    firstAt: "attention.0",
    change: unscaled(AttentionWeights),
  },
  { name: "attention without scale", caughtBy: "vit", firstAt: "hidden.1", change: unscaled(Attention) },
  {
    name: "softmax over the queries",
    caughtBy: "vit",
    firstAt: "attention.0",
    change: changedLayer(AttentionWeights, (_, [queries, keys], original) =>
      transpose(original([keys!, queries!]), [0, 1, 3, 2]),
    ),
  },
  {
    name: "heads interleaved instead of side by side",
    caughtBy: "vit",
    firstAt: "hidden.1",
    change: changedLayer(Attention, (layer, inputs) =>
      interleavedHeads(inputs, (layer.getConfig() as { heads?: number }).heads!),
    ),
  },
  {
    name: "no residual around the attention and the MLP",
    caughtBy: "vit",
    firstAt: "hidden.1",
    change: changedLayer(Linear, (_, [x], original) => original([x!])),
  },
  {
    name: "no final norm",
    caughtBy: "vit",
    firstAt: "tokens",
    change: changedLayer(LayerNorm, (layer, [x], original) => (layer.name === "norm" ? x!.clone() : original([x!]))),
  },
  {
    name: "SiLU on the value instead of the gate",
    caughtBy: "eva-tiny",
    firstAt: "hidden.1",
    change: changedLayer(Swiglu, (_, [gate, value], original) => original([value!, gate!])),
  },
  {
    name: "rotary positions left out",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: changedLayer(Rotary, (_, [x]) => x!.clone()),
  },
  {
    name: "rotary positions that begin at 1",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: rotary(shiftedTable),
  },
  {
    name: "rotary positions of the wrong reference grid",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: configured({ ref_feat_shape: [4, 4] }, "model_args"),
  },
  {
    name: "rotary rows and columns swapped",
    caughtBy: "eva-base@24x40",
    firstAt: "attention.0",
    change: rotary(swappedTable),
  },
  {
    name: "rotary halves instead of neighboring channels",
    caughtBy: "eva-base",
    firstAt: "attention.0",
    change: changedLayer(Rotary, (layer, [x]) => {
      const { heads, grid, reference } = layer.getConfig() as unknown as RotaryConfig;
      return rotateHalves(x!, rotaryTable(grid, reference, x!.shape[2]! / heads));
    }),
  },
  {
    name: "mean over the class token too",
    caughtBy: "eva-base",
    firstAt: "mean",
    change: changedLayer(Pool, (layer, [x], original) =>
      (layer.getConfig() as { over?: string }).over === "mean" ? mean(x!, 1) : original([x!]),
    ),
  },
  {
    name: "the mean where the class token belongs",
    caughtBy: "vit",
    firstAt: "class",
    change: changedLayer(Pool, (_, [x]) => mean(slice(x!, [0, 1, 0]), 1)),
  },
  {
    name: "the class token where the mean belongs",
    caughtBy: "eva-base",
    firstAt: "mean",
    change: changedLayer(Pool, (_, [x]) => unstack(x!, 1)[0]!),
  },
];
