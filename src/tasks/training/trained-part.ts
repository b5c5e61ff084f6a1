import type { Tensor2D, Variable } from "@tensorflow/tfjs-core";

/** A variable that training changes. */
export interface TrainedParameter {
  readonly name: string;
  readonly variable: Variable;
  /** Whether weight decay shrinks it: biases and norms mostly stay. */
  readonly decay: "weights" | "none";
  /** Where it is not the training's: blocks that are pretrained learn more slowly than a new head. */
  readonly learningRate?: number;
}

/** What is trained: a head over cached features, or more of the model. The trainer knows nothing else about it. */
export interface TrainedPart {
  readonly parameters: readonly TrainedParameter[];
  /** Most examples of one call of `logits`, for memory; gradients of a step's calls are added up. */
  readonly rowsPerPass?: number;
  /**
   * Logits of some examples, differentiable by the parameters. Called within a `tidy` and a turn on the engine.
   *
   * @param rows numbers of the examples, those to learn from first, then those to judge by
   * @returns `[rows, classes]`
   */
  logits(rows: Int32Array): Tensor2D;
  dispose(): void;
}
