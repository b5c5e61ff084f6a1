import { CheckpointError } from "../errors.js";
import type { Activation } from "../ops/activation.js";
import { renamedShapes } from "./checkpoint-names.js";
import { badField, type ConfigFile, integer, oneOf, perChannel, real, section, size } from "./config-fields.js";
import { decisions, headHidden } from "./head-fields.js";
import { checkLabelCount, defaultLabels, labelsById } from "./labels.js";
import type { ModelConfig, ModelFiles, Preprocessing } from "./model-config.js";
import type { VisionTransformerConfig } from "./vision-transformer.js";

/** transformers' names (`ACT2FN`) for the activations that ViT checkpoints use. */
const ACTIVATIONS: Record<string, Activation> = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  quick_gelu: "quick-gelu",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

/** Reads a Hugging Face ViT folder (`ViTForImageClassification`, `ViTModel`). Defaults are `ViTConfig`'s and `ViTImageProcessor`'s. */
export function hfViTConfig({ config, preprocessor, weights }: ModelFiles): ModelConfig {
  const stored = renamedShapes(weights);
  const architectures = Array.isArray(config.fields.architectures) ? config.fields.architectures : [];
  const classes = stored.get("head.weight")?.[0] ?? 0;
  const named = labelsById(config);
  if (classes > 0 && named) checkLabelCount(config, named, classes);
  const wantsHead = architectures.some((name) => /ForImageClassification$|WithHiddenHead$/.test(String(name)));
  const image = size(config, "image_size", 224);
  const labels = named ?? defaultLabels(classes);

  const architecture: VisionTransformerConfig = {
    image,
    patch: size(config, "patch_size", 16),
    width: integer(config, "hidden_size", 768),
    depth: integer(config, "num_hidden_layers", 12),
    heads: integer(config, "num_attention_heads", 12),
    // A classifier that the config promises and the file lacks is reported with all else that is missing.
    classes: wantsHead && classes === 0 ? Math.max(1, labels.length) : classes,
    epsilon: real(config, "layer_norm_eps", 1e-12),
    projectionBias: oneOf(config, "qkv_bias", [true, false], true) ? "all" : "none",
    mlp: {
      kind: "plain",
      hidden: integer(config, "intermediate_size", 3072),
      activation: activation(config, "hidden_act", "gelu"),
    },
    pool: "class",
    ...headHidden(config),
    ...(stored.has("pooler.weight") && { pooler: activation(config, "pooler_act", "tanh") }),
  };
  if (integer(config, "num_channels", 3) !== 3) throw badField(config, "num_channels", "3 (RGB)");
  return {
    name: String(architectures[0] ?? "ViT"),
    architecture,
    labels: architecture.classes > 0 ? labels : [],
    activation:
      architecture.classes === 1 || config.fields.problem_type === "multi_label_classification" ? "sigmoid" : "softmax",
    preprocessing: preprocessing(config, preprocessor),
    ...decisions(config),
    positionFilter: "bicubic",
    unusedWeights: /^embeddings\.mask_token$/,
  };
}

function activation(file: ConfigFile, name: string, fallback: string): Activation {
  return ACTIVATIONS[oneOf(file, name, Object.keys(ACTIVATIONS), fallback)]!;
}

/** `ViTImageProcessor`'s settings. */
function preprocessing(config: ConfigFile, file: ConfigFile | undefined): Preprocessing {
  if (!file)
    throw new CheckpointError(
      "checkpoint/preprocessor",
      `There is no preprocessor_config.json beside ${config.label}, so nothing says how pictures become the model's input. Take it from where the weights come from.`,
    );
  const rescales = oneOf(file, "do_rescale", [true, false], true);
  const normalizes = oneOf(file, "do_normalize", [true, false], true);
  const crops = oneOf(file, "do_center_crop", [true, false], false);
  return {
    ...(oneOf(file, "do_resize", [true, false], true) && { resize: resize(file) }),
    ...(crops && { centerCrop: { ...sides(file, "crop_size"), rounding: "down" as const } }),
    rescale: rescales ? real(file, "rescale_factor", 1 / 255) : 1,
    mean: normalizes ? perChannel(file, "image_mean", [0.5, 0.5, 0.5]) : [0, 0, 0],
    std: normalizes ? perChannel(file, "image_std", [0.5, 0.5, 0.5], "positive") : [1, 1, 1],
  };
}

function resize(file: ConfigFile): NonNullable<Preprocessing["resize"]> {
  // A number of Pillow's `Resampling`.
  const filter = oneOf(file, "resample", [2, 3], 2) === 2 ? "bilinear" : "bicubic";
  const fields = typeof file.fields.size === "object" ? section(file, "size") : undefined;
  if (fields && "shortest_edge" in fields.fields) return { shortestEdge: integer(fields, "shortest_edge"), filter };
  return { ...sides(file, "size"), filter };
}

/** `{ "height", "width" }`, or the one number that older files have for both. */
function sides(file: ConfigFile, name: string): { height: number; width: number } {
  if (typeof file.fields[name] !== "object" || file.fields[name] === null) return size(file, name, 224);
  const fields = section(file, name)!;
  return { height: integer(fields, "height"), width: integer(fields, "width") };
}
