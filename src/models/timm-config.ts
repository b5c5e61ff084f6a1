import { CheckpointError } from "../errors.js";
import { renamedShapes } from "./checkpoint-names.js";
import {
  badField,
  type ConfigFile,
  integer,
  isSide,
  names,
  oneOf,
  perChannel,
  real,
  section,
  size,
} from "./config-fields.js";
import { decisions, headHidden } from "./head-fields.js";
import { checkLabelCount, defaultLabels, labelsById } from "./labels.js";
import type { ModelConfig, ModelFiles, Preprocessing } from "./model-config.js";
import type { Size, VisionTransformerConfig } from "./vision-transformer.js";

/** timm's sizes by name: `[width, depth]`; each head has 64 channels. */
const SIZES: Record<string, [width: number, depth: number]> = {
  tiny: [192, 12],
  small: [384, 12],
  base: [768, 12],
  large: [1024, 24],
};

/** What a model name of timm stands for, in the words of its constructors, before `model_args` changes it. */
function argumentsOf(architecture: string): Record<string, unknown> | undefined {
  const [, family, sizeName, patch, image] =
    /^(vit|eva02)_(tiny|small|base|large)_patch(\d+)_(\d+)$/.exec(architecture) ?? [];
  if (!family) return undefined;
  const [width, depth] = SIZES[sizeName!]!;
  const shared = { img_size: Number(image), patch_size: Number(patch), embed_dim: width, depth, num_heads: width / 64 };
  if (family === "vit") return { ...shared, mlp_ratio: 4, qkv_bias: true, global_pool: "token" };
  const isLarge = sizeName === "base" || sizeName === "large";
  return {
    ...shared,
    mlp_ratio: (4 * 2) / 3,
    qkv_bias: true,
    qkv_fused: !isLarge,
    swiglu_mlp: true,
    scale_mlp: isLarge,
    use_rot_pos_emb: true,
    ref_feat_shape: [16, 16],
    global_pool: "avg",
  };
}

/** Arguments of timm's constructors that this reader understands; others would change the model behind its back. */
const KNOWN_ARGUMENTS = new Set(
  "img_size patch_size embed_dim depth num_heads mlp_ratio qkv_bias qkv_fused swiglu_mlp scale_mlp use_rot_pos_emb ref_feat_shape global_pool num_classes in_chans drop_rate drop_path_rate dynamic_img_size".split(
    " ",
  ),
);

/** Reads the folder of a timm model, as timm exports it or as transformers' `TimmWrapper` saves it. */
export function timmConfig({ config, weights }: ModelFiles): ModelConfig {
  const name = String(config.fields.architecture).replace(/^vitrail\//, ""); // a head of ours that timm must not take for its own
  const base = argumentsOf(name);
  if (!base)
    throw new CheckpointError(
      "checkpoint/unknown-architecture",
      `"${name}" in ${config.label} is not known; vitrail runs timm's vit_{tiny,small,base,large}_patchP_S and eva02_{tiny,small,base,large}_patchP_S.`,
      { details: { architecture: name } },
    );
  const changed = section(config, "model_args")?.fields ?? {};
  const unknown = Object.keys(changed).filter((key) => !KNOWN_ARGUMENTS.has(key));
  if (unknown.length > 0)
    throw new CheckpointError(
      "checkpoint/config",
      `"model_args" in ${config.label} changes "${name}" in ways that are not supported: ${unknown.join(", ")}.`,
      { details: { unknown } },
    );
  // `global_pool` stands at the root too, and counts there.
  const pool = config.fields.global_pool ?? changed.global_pool ?? base.global_pool;
  const args: ConfigFile = {
    label: `${config.label} ("model_args")`,
    fields: { ...base, ...changed, global_pool: pool },
  };
  if (integer(args, "in_chans", 3) !== 3) throw badField(args, "in_chans", "3 (RGB)");

  const classes = renamedShapes(weights).get("head.weight")?.[0] ?? 0;
  const pretrained = section(config, "pretrained_cfg") ?? { label: config.label, fields: {} };
  const labels = labelsById(config) ?? names(config, "label_names") ?? names(pretrained, "label_names");
  if (labels && classes > 0) checkLabelCount(config, labels, classes);
  const promised = integer(config, "num_classes", integer(pretrained, "num_classes", classes, 0), 0);
  return {
    name,
    architecture: { ...architecture(args, classes > 0 ? classes : promised), ...headHidden(config) },
    labels: labels ?? defaultLabels(classes),
    activation: classes === 1 || config.fields.problem_type === "multi_label_classification" ? "sigmoid" : "softmax",
    preprocessing: preprocessing(pretrained, size(args, "img_size")),
    ...decisions(config),
    positionFilter: "bicubic-antialias",
    unusedWeights: /(^|\.)rope\.|^mask_token$|^lm_head\./, // tables that are made anew, and what only pretraining needs
  };
}

function architecture(args: ConfigFile, classes: number): VisionTransformerConfig {
  const width = integer(args, "embed_dim");
  const hidden = Math.trunc(width * real(args, "mlp_ratio")); // as Python's int(width * ratio)
  const gated = oneOf(args, "swiglu_mlp", [true, false], false);
  const isEva = "qkv_fused" in args.fields; // only EVA's constructor has it, and only EVA leaves out the keys' bias
  const rotary = oneOf(args, "use_rot_pos_emb", [true, false], false);
  const reference = rotary ? size(args, "ref_feat_shape") : undefined;
  return {
    image: size(args, "img_size"),
    patch: size(args, "patch_size"),
    width,
    depth: integer(args, "depth"),
    heads: integer(args, "num_heads"),
    classes,
    epsilon: 1e-6, // timm's norm_layer for both families
    projectionBias: oneOf(args, "qkv_bias", [true, false]) ? (isEva ? "not-keys" : "all") : "none",
    mlp: gated
      ? { kind: oneOf(args, "scale_mlp", [true, false], false) ? "swiglu-norm" : "swiglu", hidden }
      : { kind: "plain", hidden, activation: "gelu" },
    ...(reference && { rotary: { rows: reference.height, columns: reference.width } }),
    pool: oneOf(args, "global_pool", ["token", "avg"]) === "token" ? "class" : "mean",
  };
}

/** timm's evaluation transform (`timm.data.create_transform`); mean and std default to ImageNet's. */
function preprocessing(file: ConfigFile, modelSize: Size): Preprocessing {
  const input = inputSize(file, modelSize);
  const cropShare = real(file, "crop_pct", 0.875);
  if (cropShare <= 0 || cropShare > 1) throw badField(file, "crop_pct", "more than 0 and at most 1");
  const scaled = { height: Math.floor(input.height / cropShare), width: Math.floor(input.width / cropShare) };
  const mode = oneOf(file, "crop_mode", ["center", "squash"], "center");
  if (mode === "center" && input.height !== input.width)
    throw badField(file, "crop_mode", '"squash" for a size that is not square');
  const filter = oneOf(file, "interpolation", ["bicubic", "bilinear"], "bicubic");
  return {
    resize: { ...(mode === "squash" ? scaled : { shortestEdge: scaled.height }), filter },
    centerCrop: { ...input, rounding: "half-to-even" },
    rescale: 1 / 255,
    mean: perChannel(file, "mean", [0.485, 0.456, 0.406]),
    std: perChannel(file, "std", [0.229, 0.224, 0.225], "positive"),
  };
}

/** `input_size` is `[channels, height, width]`. */
function inputSize(file: ConfigFile, fallback: Size): Size {
  const value = file.fields.input_size ?? undefined;
  if (value === undefined) return fallback;
  if (!Array.isArray(value) || value.length !== 3 || value[0] !== 3 || !value.every(isSide))
    throw badField(file, "input_size", "[3, height, width]");
  return { height: value[1]!, width: value[2]! };
}
