import { InputError } from "../../errors.js";
import {
  callOptions,
  checkOptionNames,
  choiceOption,
  pathOption,
  rangeOption,
  realOption,
  wholeOption,
} from "../options.js";
import { type Augmentation, checkAugmentation } from "./augmentation.js";
import type { Problem } from "./example.js";
import type { ClassWeights } from "./targets.js";
import type { EpochReport } from "./train.js";
import { TUNING_NAMES, type TuningOptions, type TuningSettings, tunesBlocks } from "./tuning/tuning-options.js";

/** How far `fitHead` is. */
export type FitProgress = { stage: "features"; done: number; total: number } | ({ stage: "training" } & EpochReport);

export interface FitOptions extends TuningOptions {
  /** Default: what the examples have, one `label` each or lists of `labels`. */
  problem?: Problem;
  /** The labels in the order of the logits. Default: those of the examples, sorted. */
  labels?: readonly string[];
  /**
   * "lbfgs" (default for a linear head): all examples at once, to the optimum. "adamw": step by step with early stopping; what a hidden layer needs.
   */
  solver?: "lbfgs" | "adamw";
  /** Units of a hidden layer with a ReLU. Default: none, a linear head. */
  hidden?: number;
  /** Share of the pictures that is kept to judge by, of each label. Default 0.2; 0 for none. */
  validation?: number;
  /** Of all that is random. Default 0. */
  seed?: number;
  /** Share of the target that is spread over all labels. Default 0. */
  labelSmoothing?: number;
  classWeights?: ClassWeights;
  augmentation?: Augmentation;
  /** For "lbfgs": the penalty on squared weights in scikit-learn's units, 1 / C. Default 1. */
  regularization?: number;
  /** For "adamw". Default 0.001. */
  learningRate?: number;
  /** For "adamw". Default 0.01, as PyTorch. */
  weightDecay?: number;
  /** Most passes over the examples ("adamw", default 100) or steps ("lbfgs", default 300). */
  epochs?: number;
  /** For "adamw": examples in a step. Default 64. */
  step?: number;
  /** For "adamw": epochs without a better validation loss after which training ends, with the best epoch's weights. Default 10. */
  patience?: number;
  /** A folder that keeps the backbone's features from run to run, made where there is none. Default: they are forgotten. */
  cache?: string;
  /** For "adamw": a file that keeps the state after each epoch; the same training goes on from it. */
  checkpoint?: string;
  /** Pictures in one pass of the backbone. Default 8. */
  batch?: number;
  signal?: AbortSignal;
  progress?: (event: FitProgress) => void;
}

/** Options whose defaults are filled in. */
export interface FitSettings {
  solver: "lbfgs" | "adamw";
  hidden: number;
  validation: number;
  seed: number;
  labelSmoothing: number;
  regularization: number;
  learningRate: number;
  weightDecay: number;
  epochs: number;
  step: number;
  patience: number;
  /** Where more than the head is trained. */
  tuning?: TuningSettings;
}

const NAMES: readonly (keyof FitOptions)[] = [
  "problem",
  "labels",
  "solver",
  "hidden",
  "validation",
  "seed",
  "labelSmoothing",
  "classWeights",
  "augmentation",
  "regularization",
  "learningRate",
  "weightDecay",
  "epochs",
  "step",
  "patience",
  "cache",
  "checkpoint",
  "batch",
  "signal",
  "progress",
  ...TUNING_NAMES,
];
/** By what is trained how. */
const DEFAULTS = {
  lbfgs: { epochs: 300, step: 64, patience: 10 },
  adamw: { epochs: 100, step: 64, patience: 10 },
  blocks: { epochs: 10, step: 16, patience: 3 },
};
/** Options that only one of the solvers has. */
const ONLY = {
  lbfgs: ["regularization"],
  adamw: ["learningRate", "weightDecay", "step", "patience", "checkpoint"],
} as const;

/** @throws InputError `input/option` */
export function checkFitOptions(options: FitOptions): FitSettings {
  checkOptionNames(options, NAMES);
  choiceOption("problem", options.problem, ["single-label", "multi-label"]);
  choiceOption("solver", options.solver, ["lbfgs", "adamw"]);
  wholeOption("hidden", options.hidden, 1, 1 << 16);
  rangeOption("validation", options.validation, 0, 0.9);
  wholeOption("seed", options.seed, 0);
  rangeOption("labelSmoothing", options.labelSmoothing, 0, 0.9);
  for (const name of ["regularization", "learningRate", "weightDecay"] as const) {
    realOption(name, options[name]);
    rangeOption(name, options[name], 0, 1e9);
  }
  for (const name of ["epochs", "step", "patience"] as const) wholeOption(name, options[name], 1, 1e6);
  wholeOption("batch", options.batch, 1, 1024);
  for (const name of ["cache", "checkpoint"] as const) pathOption(name, options[name]);
  callOptions(options);
  if (options.augmentation !== undefined) checkAugmentation(options.augmentation);
  checkClassWeights(options.classWeights);
  const isTuning = tunesBlocks(options);
  const solver = options.solver ?? (options.hidden === undefined && !isTuning ? "lbfgs" : "adamw");
  const refuse = (option: string, why: string) => {
    throw new InputError("input/option", `"${option}" ${why}`, { details: { option } });
  };
  const idle = isTuning ? (["solver", "regularization"] as const) : TUNING_NAMES;
  for (const name of idle)
    if (options[name] !== undefined)
      refuse(name, isTuning ? "does not go with blocks that are trained." : 'needs "unfreeze" or "lora".');
  if (solver === "lbfgs" && options.hidden !== undefined)
    refuse("hidden", 'needs solver "adamw": "lbfgs" fits linear heads only.');
  const other = solver === "lbfgs" ? "adamw" : "lbfgs";
  for (const name of ONLY[other])
    if (options[name] !== undefined) refuse(name, `is an option of solver "${other}"; the solver is "${solver}".`);
  const defaults = DEFAULTS[isTuning ? "blocks" : solver];
  return {
    solver,
    hidden: options.hidden ?? 0,
    validation: options.validation ?? 0.2,
    seed: options.seed ?? 0,
    labelSmoothing: options.labelSmoothing ?? 0,
    regularization: options.regularization ?? 1,
    learningRate: options.learningRate ?? 1e-3,
    weightDecay: options.weightDecay ?? 0.01,
    epochs: options.epochs ?? defaults.epochs,
    step: options.step ?? defaults.step,
    patience: options.patience ?? defaults.patience,
  };
}

function checkClassWeights(weights: unknown): void {
  if (weights === undefined || weights === "balanced") return;
  const isPositive = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value > 0;
  if (typeof weights === "object" && weights !== null && Object.values(weights).every(isPositive)) return;
  throw new InputError(
    "input/option",
    '"classWeights" must be "balanced" or a positive number by label, such as { cat: 2 }.',
    { details: { option: "classWeights" } },
  );
}
