import { TrainingError } from "../../../errors.js";
import { checkOptionNames } from "../../options.js";
import type { VisionModel } from "../../vision-model.js";
import { DECAYS, type Decay } from "./learning-rate.js";

/** The projections of an attention, as PEFT's `target_modules` names them in a Hugging Face ViT. */
export const TARGETS = ["query", "key", "value", "output"] as const;
export type LoraTarget = (typeof TARGETS)[number];

/** Low-rank adapters, trained in the place of the blocks' own weights; names as in PEFT's `LoraConfig`. */
export interface LoraOptions {
  /** Of the two thin matrices, PEFT's `r`. Default 8. */
  rank?: number;
  /** The change counts alpha / rank. Default 16. */
  alpha?: number;
  /** Default: query and value. */
  targets?: readonly LoraTarget[];
  /** So many of the last blocks. Default: all. What lies before them is computed once for each picture. */
  layers?: number;
}

/** Training of more than the head. One of the first two turns it on. */
export interface TuningOptions {
  /** So many of the last blocks are trained, with the final norm. */
  unfreeze?: number;
  lora?: LoraOptions;
  /** Of the blocks; `learningRate` is the head's. Default 0.00005, with LoRA 0.001. */
  backboneLearningRate?: number;
  /** Share of the steps in which the learning rates rise from 0. Default 0.1. */
  warmup?: number;
  /** How they fall to 0 afterwards. Default "cosine". */
  decay?: Decay;
  /** Longest gradient of a step, all parameters together; longer ones are scaled down. Default 1. */
  clip?: number;
  /** Examples that pass forward and backward at once; a step adds up their gradients. Default 8: more costs memory. */
  microBatch?: number;
}

/** As options, filled in. */
export interface TuningSettings {
  /** What is trained of the blocks: their own weights, or adapters beside them. */
  kind: "unfreeze" | "lora";
  /** The first block that is trained. */
  first: number;
  lora: { rank: number; alpha: number; targets: readonly LoraTarget[] } | undefined;
  backboneLearningRate: number;
  warmup: number;
  decay: Decay;
  clip: number;
  microBatch: number;
}

export const TUNING_NAMES = [
  "unfreeze",
  "lora",
  "backboneLearningRate",
  "warmup",
  "decay",
  "clip",
  "microBatch",
] as const satisfies readonly (keyof TuningOptions)[];

/** Whether more than the head is to be trained. */
export const tunesBlocks = ({ unfreeze, lora }: TuningOptions) => unfreeze !== undefined || lora !== undefined;

/**
 * @throws TrainingError `training/tuning-option` for what is out of range; `training/precision` for a model whose weights are not float32
 * @throws InputError `input/option` for unknown names
 */
export function tuningSettings(options: TuningOptions, model: VisionModel): TuningSettings {
  const { unfreeze, lora, decay = "cosine" } = options;
  const { depth, width } = model.config.architecture;
  if (unfreeze !== undefined && lora !== undefined)
    throw refused("lora", 'is instead of "unfreeze": adapters leave the blocks\' own weights frozen. Choose one.');
  if (lora !== undefined) checkOptionNames(lora, ["rank", "alpha", "targets", "layers"]);
  const { rank = 8, alpha = 16, targets = ["query", "value"], layers = depth } = lora ?? {};
  whole("unfreeze", unfreeze, depth);
  whole("lora.layers", layers, depth);
  whole("lora.rank", rank, width);
  positive("lora.alpha", alpha, 1e6);
  if (!Array.isArray(targets) || targets.length === 0 || targets.some((target) => !TARGETS.includes(target)))
    throw refused("lora.targets", `must list some of "${TARGETS.join('", "')}".`);
  positive("backboneLearningRate", options.backboneLearningRate, 1e3);
  positive("clip", options.clip, 1e9);
  whole("microBatch", options.microBatch, 1024);
  const { warmup = 0.1 } = options;
  if (!(typeof warmup === "number" && warmup >= 0 && warmup <= 1))
    throw refused("warmup", "must be a share of the steps, from 0 to 1.");
  if (!DECAYS.includes(decay)) throw refused("decay", `must be one of "${DECAYS.join('", "')}".`);
  if (model.dtype !== "float32")
    throw new TrainingError(
      "training/precision",
      `The model was loaded with dtype "${model.dtype}", whose weights can't take small steps. Load it again with dtype "float32" to train its blocks, or train a head only.`,
      { details: { dtype: model.dtype } },
    );
  return {
    kind: lora ? "lora" : "unfreeze",
    first: depth - (lora ? layers : unfreeze!),
    lora: lora && { rank, alpha, targets: TARGETS.filter((target) => targets.includes(target)) },
    backboneLearningRate: options.backboneLearningRate ?? (lora ? 1e-3 : 5e-5),
    warmup,
    decay,
    clip: options.clip ?? 1,
    microBatch: options.microBatch ?? 8,
  };
}

function whole(option: string, value: unknown, most: number): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most)) return;
  throw refused(option, `must be a whole number from 1 to ${most}; found ${JSON.stringify(value)}.`);
}

function positive(option: string, value: unknown, most: number): void {
  if (value === undefined || (typeof value === "number" && value > 0 && value <= most)) return;
  throw refused(option, `must be a positive number up to ${most}; found ${JSON.stringify(value)}.`);
}

function refused(option: string, why: string): TrainingError {
  return new TrainingError("training/tuning-option", `"${option}" ${why}`, { details: { option } });
}
