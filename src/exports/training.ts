export { TrainingError } from "../errors.js";
export type { Augmentation } from "../tasks/training/augmentation.js";
export type { Calibration, CalibrationBin } from "../tasks/training/calibration.js";
export type { LabelScores } from "../tasks/training/confusion.js";
export type { DenseLayer } from "../tasks/training/dense-layer.js";
export { evaluateModel } from "../tasks/training/evaluate-model.js";
export type { Evaluation, LabelCurve, Mistake } from "../tasks/training/evaluation.js";
export type { Example, Omission, Problem } from "../tasks/training/example.js";
export { fitHead } from "../tasks/training/fit-head.js";
export type { FitOptions, FitProgress, FitSettings } from "../tasks/training/fit-options.js";
export {
  type FitVectorsOptions,
  fitVectors,
  type LabelledVector,
  type VectorHead,
} from "../tasks/training/fit-vectors.js";
export type { EvaluateOptions, FitSummary, Head } from "../tasks/training/head.js";
export type { PrecisionRecallCurve, PrecisionRecallPoint } from "../tasks/training/precision-recall.js";
export type { ExampleSource } from "../tasks/training/read-examples.js";
export type { ClassWeights } from "../tasks/training/targets.js";
export type { EpochReport } from "../tasks/training/train.js";
export type { Decay } from "../tasks/training/tuning/learning-rate.js";
export type { LoraOptions, LoraTarget, TuningOptions } from "../tasks/training/tuning/tuning-options.js";
