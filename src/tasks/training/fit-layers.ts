import { correctRows } from "./decisions.js";
import { answerOf, type DenseLayer } from "./dense-layer.js";
import { FeatureHead } from "./feature-head.js";
import type { FitSettings } from "./fit-options.js";
import { type InTurn, logisticRegression } from "./logistic-regression.js";
import { lossOf } from "./loss.js";
import { folded, standardizationOf, standardized } from "./standardize.js";
import type { Targets } from "./targets.js";
import { type EpochReport, train } from "./train.js";
import { TrainingCheckpoint } from "./training-checkpoint.js";

/** Features with what is wanted of them. */
export interface FeatureSet {
  /** `[width]` each */
  training: readonly Float32Array[];
  validation: readonly Float32Array[];
  targets: { training: Targets; validation: Targets | undefined };
}

export interface FitHooks {
  inTurn: InTurn;
  signal?: AbortSignal | undefined;
  onEpoch: (report: EpochReport) => void;
  checkpoint?: { path: string; run: string } | undefined;
}

/** PyTorch's defaults. */
export const ADAMW = { betas: [0.9, 0.999], epsilon: 1e-8 } as const;

/**
 * Fits the layers of a head. Features are standardized for it, and the layers that come out take features as they are.
 *
 * @throws as `train`
 */
export async function fitLayers(
  { training, validation, targets }: FeatureSet,
  settings: FitSettings,
  hooks: FitHooks,
): Promise<{ layers: DenseLayer[]; history: EpochReport[] }> {
  const scale = standardizationOf(training);
  const width = training[0]!.length;
  const { layers, history } =
    settings.solver === "lbfgs"
      ? await byLbfgs(standardized(training, scale), standardized(validation, scale), width, targets, settings, hooks)
      : await byAdamW(standardized([...training, ...validation], scale), width, targets, settings, hooks);
  return { layers: [folded(layers[0]!, scale), ...layers.slice(1)], history };
}

async function byLbfgs(
  training: Float32Array,
  validation: Float32Array,
  width: number,
  targets: FeatureSet["targets"],
  { regularization, epochs }: FitSettings,
  { inTurn, signal, onEpoch }: FitHooks,
) {
  const history: EpochReport[] = [];
  const layer = await logisticRegression(training, width, targets.training, inTurn, {
    regularization,
    iterations: epochs,
    signal,
    onStep: ({ iteration, loss, right, layer }) => {
      const report = {
        epoch: iteration,
        loss,
        accuracy: right,
        ...judged(layer, validation, width, targets.validation),
      };
      history.push(report);
      onEpoch(report);
    },
  });
  return { layers: [layer], history };
}

function judged(layer: DenseLayer, features: Float32Array, width: number, targets: Targets | undefined) {
  if (!targets) return {};
  const examples = features.length / width;
  const logits = new Float32Array(targets.wanted.length);
  for (let row = 0; row < examples; row++)
    logits.set(answerOf([layer], features.subarray(row * width, (row + 1) * width)), row * targets.classes);
  return { validationLoss: lossOf(logits, targets), validationAccuracy: correctRows(logits, targets) / examples };
}

async function byAdamW(
  features: Float32Array,
  width: number,
  targets: FeatureSet["targets"],
  { hidden, seed, epochs, step, patience, learningRate, weightDecay }: FitSettings,
  { inTurn, signal, onEpoch, checkpoint }: FitHooks,
) {
  const { classes } = targets.training;
  const sizes = hidden > 0 ? [width, hidden, classes] : [width, classes];
  const head = await inTurn(async () => new FeatureHead(features, sizes, seed));
  try {
    const history = await train(
      head,
      targets,
      { epochs, batch: step, patience, seed, optimizer: { learningRate, weightDecay, ...ADAMW } },
      { inTurn, signal, onEpoch, checkpoint: checkpoint && new TrainingCheckpoint(checkpoint.path, checkpoint.run) },
    );
    return { layers: await inTurn(() => head.layers()), history };
  } finally {
    await inTurn(async () => head.dispose());
  }
}
