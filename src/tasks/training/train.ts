import {
  dispose,
  keep,
  type Scalar,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  variableGrads,
} from "@tensorflow/tfjs-core";
import { TrainingError } from "../../errors.js";
import { random, shuffle } from "../random.js";
import { AdamW, type AdamWSettings } from "./adamw.js";
import { correctRows } from "./decisions.js";
import type { InTurn } from "./logistic-regression.js";
import { lossOf, lossTensor } from "./loss.js";
import { type Targets, totalWeight } from "./targets.js";
import type { TrainedPart } from "./trained-part.js";
import type { TrainingCheckpoint } from "./training-checkpoint.js";
import { clipGradients } from "./tuning/clip-gradients.js";

/** How long and in which steps. */
export interface Schedule {
  epochs: number;
  /** Examples in a step. */
  batch: number;
  /** Epochs without a better validation loss after which training ends. */
  patience: number;
  seed: number;
  optimizer: AdamWSettings;
  /** Share of the learning rates at a step, from 0, of so many. Default: all of it. */
  share?: (step: number, steps: number) => number;
  /** Longest that a step's gradients may be, all of them together. Default: any length. */
  clip?: number;
  /** "judged": what the part is before the first step may be the best as well. Default "unjudged". */
  begin?: "judged" | "unjudged";
}

/** What an epoch came to. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  /** Mean over the epoch's steps, as it was before each. */
  loss: number;
  /** Share of the training examples that were answered right, before each step. */
  accuracy: number;
  /** Of the validation examples, without smoothing and weights; absent where there are none. */
  validationLoss?: number;
  validationAccuracy?: number;
}

/** How a training stands at the end of an epoch. */
export interface TrainingState {
  history: EpochReport[];
  /** The epoch whose parameters are the best, and those. */
  best: { epoch: number; loss: number; values: Float32Array[] };
  values: Float32Array[];
  optimizer: AdamW;
}

export interface TrainHooks {
  inTurn: InTurn;
  signal?: AbortSignal | undefined;
  onEpoch?: ((report: EpochReport) => void) | undefined;
  /** Where the state of each epoch is kept, and taken up again. */
  checkpoint?: TrainingCheckpoint | undefined;
}

/** Examples that are judged together, where the part does not say. */
const JUDGED = 1024;

/**
 * Trains with AdamW until the validation loss has not fallen for `patience` epochs, and leaves the part with the best epoch's parameters; without validation
 * examples, with the last's. The order of the examples follows from seed and epoch alone, so training that was interrupted goes on as if it had not been.
 *
 * @param targets of the rows to learn from, then of those to judge by
 * @throws `signal.reason`; TrainingError `training/checkpoint`, `training/diverged`
 */
export async function train(
  part: TrainedPart,
  targets: { training: Targets; validation?: Targets | undefined },
  schedule: Schedule,
  { inTurn, signal, onEpoch, checkpoint }: TrainHooks,
): Promise<EpochReport[]> {
  const examples = targets.training.wanted.length / targets.training.classes;
  const values = (await inTurn(() =>
    Promise.all(part.parameters.map(({ variable }) => variable.data())),
  )) as Float32Array[];
  const copies = values.map((value) => value.slice());
  const optimizer = new AdamW(
    part.parameters.map(({ decay, learningRate }, i) => ({ weights: copies[i]!, decay, learningRate })),
    schedule.optimizer,
  );
  const state: TrainingState = {
    history: [],
    best: { epoch: 0, loss: Number.POSITIVE_INFINITY, values: copies.map((value) => value.slice()) },
    values: copies,
    optimizer,
  };
  await checkpoint?.restore(state);
  await inTurn(async () => assign(part, state.values));
  if (schedule.begin === "judged" && targets.validation && state.history.length === 0)
    state.best.loss = (await judge(part, targets.validation, examples, inTurn, signal)).validationLoss;
  const isOver = () => {
    const { length } = state.history;
    return (
      length >= schedule.epochs || (targets.validation !== undefined && length - state.best.epoch >= schedule.patience)
    );
  };
  const steps = schedule.epochs * Math.ceil(examples / schedule.batch);
  const pace: Pace = { share: (step) => schedule.share?.(step, steps) ?? 1, clip: schedule.clip };
  while (!isOver()) {
    const epoch = state.history.length + 1;
    const order = shuffle(
      Int32Array.from({ length: examples }, (_, i) => i),
      random(schedule.seed + epoch),
    );
    let [loss, right] = [0, 0];
    for (let from = 0; from < examples; from += schedule.batch) {
      signal?.throwIfAborted();
      const rows = order.slice(from, from + schedule.batch);
      const step = await inTurn(() => takeStep(part, state, some(targets.training, rows), rows, pace));
      loss += step.loss * rows.length;
      right += step.right;
    }
    const report: EpochReport = { epoch, loss: loss / examples, accuracy: right / examples };
    if (targets.validation) Object.assign(report, await judge(part, targets.validation, examples, inTurn, signal));
    checkFinite(report);
    state.history.push(report);
    const score = report.validationLoss ?? Number.NEGATIVE_INFINITY;
    if (score < state.best.loss || !targets.validation)
      state.best = { epoch, loss: score, values: state.values.map((value) => value.slice()) };
    await checkpoint?.save(state);
    onEpoch?.(report);
  }
  await inTurn(async () => assign(part, state.best.values));
  return state.history;
}

interface Pace {
  share: (step: number) => number;
  clip: number | undefined;
}

/** One step of the optimizer; the loss and the right answers before it. */
async function takeStep(
  part: TrainedPart,
  { values, optimizer }: TrainingState,
  targets: Targets,
  rows: Int32Array,
  { share, clip }: Pace,
) {
  const most = part.rowsPerPass ?? rows.length;
  const total = totalWeight(targets);
  const gradients: Float32Array[] = [];
  let [loss, right] = [0, 0];
  for (let from = 0; from < rows.length; from += most) {
    const places = Int32Array.from({ length: Math.min(most, rows.length - from) }, (_, i) => from + i);
    const pass = await differentiate(part, some(targets, places), rows.subarray(from, from + most), total);
    loss += pass.loss;
    right += pass.right;
    for (const [i, gradient] of pass.gradients.entries()) addTo(gradients, i, gradient);
  }
  if (clip !== undefined) clipGradients(gradients, clip);
  optimizer.step(gradients, share(optimizer.steps));
  assign(part, values);
  return { loss, right };
}

/** The loss of some examples, its gradients, and how many answers are right. total: what losses are divided by */
export async function differentiate(part: TrainedPart, targets: Targets, rows: Int32Array, total: number) {
  const { problem, classes } = targets;
  let logits: Tensor2D | undefined;
  const variables = part.parameters.map(({ variable }) => variable);
  const { value, grads } = variableGrads(() => {
    logits = keep(part.logits(rows));
    const wanted = tensor2d(targets.wanted, [rows.length, classes]);
    return lossTensor(problem, logits, wanted, tensor1d(targets.weights), total) as Scalar;
  }, variables);
  try {
    const gradients = await Promise.all(variables.map((variable) => grads[variable.name]!.data()));
    const answers = await logits!.data();
    const loss = (await value.data())[0]!;
    return { gradients: gradients as Float32Array[], loss, right: correctRows(answers, targets) };
  } finally {
    dispose([value, logits!, ...Object.values(grads)] as Tensor[]);
  }
}

function addTo(sums: Float32Array[], which: number, gradient: Float32Array): void {
  const sum = sums[which];
  if (!sum)
    sums[which] = gradient.slice(); // two gradients may be one array
  else for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
}

async function judge(
  part: TrainedPart,
  targets: Targets,
  first: number,
  inTurn: InTurn,
  signal: AbortSignal | undefined,
) {
  const { classes } = targets;
  const examples = targets.wanted.length / classes;
  const logits = new Float32Array(examples * classes);
  const most = part.rowsPerPass ?? JUDGED;
  for (let from = 0; from < examples; from += most) {
    signal?.throwIfAborted();
    const rows = Int32Array.from({ length: Math.min(most, examples - from) }, (_, i) => first + from + i);
    await inTurn(async () => {
      const answers = tidy(() => part.logits(rows));
      logits.set((await answers.data()) as Float32Array, from * classes);
      answers.dispose();
    });
  }
  return { validationLoss: lossOf(logits, targets), validationAccuracy: correctRows(logits, targets) / examples };
}

/** The targets of some rows. */
function some({ problem, classes, wanted, weights }: Targets, rows: Int32Array): Targets {
  const chosen = new Float32Array(rows.length * classes);
  for (const [i, row] of rows.entries()) chosen.set(wanted.subarray(row * classes, (row + 1) * classes), i * classes);
  return { problem, classes, wanted: chosen, weights };
}

function assign(part: TrainedPart, values: readonly Float32Array[]): void {
  // A copy: TF.js may keep the array that it is given.
  for (const [i, { variable }] of part.parameters.entries())
    tidy(() => void variable.assign(tensor(values[i]!.slice(), variable.shape as number[])));
}

function checkFinite({ epoch, loss, validationLoss = 0 }: EpochReport): void {
  if (Number.isFinite(loss) && Number.isFinite(validationLoss)) return;
  throw new TrainingError("training/diverged", `The loss of epoch ${epoch} is ${loss}. Use a smaller "learningRate".`, {
    details: { epoch, loss },
  });
}
