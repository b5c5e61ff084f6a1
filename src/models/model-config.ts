import { CheckpointError } from "../errors.js";
import type { ConfigFile } from "./config-fields.js";
import { hfViTConfig } from "./hf-vit-config.js";
import { type Quantization, readQuantization } from "./quantization-config.js";
import { timmConfig } from "./timm-config.js";
import type { Size, VisionTransformerConfig } from "./vision-transformer.js";

/** From a decoded picture to the model's input, as the checkpoint's own files say. `images/prepare.ts` carries it out. */
export interface Preprocessing {
  /** To this height and width; or, keeping the shape, until the shorter side has this length. Absent: not resized. */
  resize?: (Size | { shortestEdge: number }) & { filter: "bilinear" | "bicubic" };
  /** Cut from the middle after the resize; where a spare pixel goes differs between Hugging Face (`down`) and timm. */
  centerCrop?: Size & { rounding: "down" | "half-to-even" };
  /** What a byte is multiplied by before mean and std; 1/255 nearly always. */
  rescale: number;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/** How logits become answers, beyond their order. */
export interface Decisions {
  /** What logits are divided by before they become probabilities. */
  temperature: number;
  /** Probability from which on a label is said to be there: of many labels, or of the second of two. */
  thresholds?: Readonly<Record<string, number>> | undefined;
}

/** All that a folder says about its model, besides the weights. */
export interface ModelConfig {
  /** As the files call it, for people: `ViTForImageClassification`, `eva02_base_patch14_448`. */
  name: string;
  architecture: VisionTransformerConfig;
  /** In the order of the logits; empty for an encoder. */
  labels: string[];
  /** What turns logits into probabilities: independent labels get a sigmoid. */
  activation: "softmax" | "sigmoid";
  preprocessing: Preprocessing;
  /** How position embeddings go to another grid: Hugging Face's bicubic, or timm's with antialiasing. */
  positionFilter: "bicubic" | "bicubic-antialias";
  /** What vitrail's training found for this head, beside its weights. */
  decisions?: Decisions;
  /** What `quantize` did to the weights. */
  quantization?: Quantization;
  /** Names in the checkpoint that this kind of model may carry without using them. */
  unusedWeights: RegExp;
}

export interface ModelFiles {
  config: ConfigFile;
  /** `preprocessor_config.json`, where the folder has one. */
  preprocessor?: ConfigFile | undefined;
  /** Of the tensors, so that optional parts show. */
  weights: ReadonlyMap<string, { shape: readonly number[] }>;
}

/**
 * Reads Hugging Face ViT and timm (ViT, EVA-02) folders.
 *
 * @throws CheckpointError `checkpoint/unknown-architecture`, `checkpoint/config`, `checkpoint/labels`, `checkpoint/preprocessor`
 */
export function readModelConfig(files: ModelFiles): ModelConfig {
  const quantization = readQuantization(files.config);
  return { ...readArchitecture(files), ...(quantization && { quantization }) };
}

function readArchitecture(files: ModelFiles): ModelConfig {
  const { fields, label } = files.config;
  const names = Array.isArray(fields.architectures) ? fields.architectures.map(String) : [];
  if (typeof fields.architecture === "string") return timmConfig(files);
  if (
    fields.model_type === "vit" ||
    fields.model_type === "vitrail_vit" ||
    (fields.model_type == null && names.some((name) => name.startsWith("ViT")))
  )
    return hfViTConfig(files);
  const found = fields.model_type ?? names[0];
  throw new CheckpointError(
    "checkpoint/unknown-architecture",
    `${label} describes ${found ? `a "${found}" model` : "no model that it names"}; vitrail runs ViT ("model_type": "vit") and timm's ViT and EVA-02 ("architecture": "vit_…" or "eva02_…").`,
    { details: { modelType: fields.model_type ?? null, architectures: names } },
  );
}
