import { matMul, type Tensor2D, tensor2d, tidy, transpose } from "@tensorflow/tfjs-core";
import { correctRows } from "./decisions.js";
import type { DenseLayer } from "./dense-layer.js";
import { lbfgs } from "./lbfgs.js";
import { lossOf } from "./loss.js";
import type { Targets } from "./targets.js";

/** Lets work have the engine for itself, between the passes of models. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export interface LogisticOptions {
  /** Penalty on the squared weights, in scikit-learn's units: 1 / C. */
  regularization: number;
  iterations: number;
  signal?: AbortSignal | undefined;
  /** Called after each step with the layer as it is then. */
  onStep?: ((step: LogisticStep) => void) | undefined;
}

export interface LogisticStep {
  iteration: number;
  /** With the penalty. */
  loss: number;
  /** Share of the examples that is answered right. */
  right: number;
  layer: DenseLayer;
}

/** No part of the gradient of the mean loss is larger: a tenth of scikit-learn's, which leaves logits of small sets a tenth away from the optimum. */
const TOLERANCE = 1e-5;

/**
 * Logistic regression over all examples at once: the mean loss plus `regularization / (2 examples)` times the squared weights, biases left out. Products are
 * the engine's in float32, all else is in double. The same examples give the same weights, to the bit, whatever the number of threads.
 *
 * @param features `[examples, width]`
 */
export async function logisticRegression(
  features: Float32Array,
  width: number,
  targets: Targets,
  inTurn: InTurn,
  { regularization, iterations, signal, onStep }: LogisticOptions,
): Promise<DenseLayer> {
  const { classes } = targets;
  const examples = features.length / width;
  const weightCount = classes * width;
  const penalty = regularization / examples;
  const slope = new Float32Array(examples * classes);
  let answers: Float32Array = new Float32Array(0);
  // Both ways round, so that no product has to turn the features.
  const rows = await inTurn(async () => tensor2d(features, [examples, width]));
  const columns = await inTurn(async () => transpose(rows));
  /** Weights `[classes, width]`, then biases `[classes]`. */
  const evaluate = (point: Float64Array) =>
    inTurn(async () => {
      signal?.throwIfAborted();
      const weight = Float32Array.from(point.subarray(0, weightCount));
      const logits = await product(rows, weight, classes, "transposed");
      for (let at = 0; at < logits.length; at++) logits[at]! += point[weightCount + (at % classes)]!;
      answers = logits;
      let value = lossOf(logits, targets, slope);
      const byWeight = await product(columns, slope, classes, "as it is"); // [width, classes]
      const gradient = new Float64Array(point.length);
      for (let label = 0; label < classes; label++)
        for (let k = 0; k < width; k++) {
          const at = label * width + k;
          gradient[at] = byWeight[k * classes + label]! + penalty * point[at]!;
          value += 0.5 * penalty * point[at]! ** 2;
        }
      for (let at = 0; at < slope.length; at++) gradient[weightCount + (at % classes)]! += slope[at]!;
      return { value, gradient };
    });
  try {
    const start = new Float64Array(weightCount + classes);
    const { point } = await lbfgs(evaluate, start, {
      tolerance: TOLERANCE,
      iterations,
      // The last point that was evaluated is the one that was taken.
      onStep: (iteration, loss, there) => {
        const right = correctRows(answers, targets) / examples;
        onStep?.({ iteration, loss, right, layer: layerOf(there, weightCount) });
      },
    });
    return layerOf(point, weightCount);
  } finally {
    await inTurn(async () => {
      rows.dispose();
      columns.dispose();
    });
  }
}

function layerOf(point: Float64Array, weightCount: number): DenseLayer {
  return {
    weight: Float32Array.from(point.subarray(0, weightCount)),
    bias: Float32Array.from(point.subarray(weightCount)),
  };
}

/** `left` times a small matrix whose rows are `[classes, inner]` ("transposed") or `[inner, classes]`. → `[rows, classes]` */
async function product(left: Tensor2D, right: Float32Array, classes: number, lies: "transposed" | "as it is") {
  const inner = left.shape[1];
  const result = tidy(() =>
    lies === "transposed"
      ? matMul(left, tensor2d(right, [classes, inner]), false, true)
      : matMul(left, tensor2d(right, [inner, classes])),
  );
  try {
    return (await result.data()) as Float32Array;
  } finally {
    result.dispose();
  }
}
