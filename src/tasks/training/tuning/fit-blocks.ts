import { createHash } from "node:crypto";
import { fingerprintOf } from "../../search/fingerprint.js";
import type { VisionModel } from "../../vision-model.js";
import type { DenseLayer } from "../dense-layer.js";
import { DenseVariables } from "../dense-variables.js";
import type { Extract } from "../extract-features.js";
import { judge } from "../fit-features.js";
import { ADAMW, fitLayers } from "../fit-layers.js";
import type { FitOptions, FitSettings } from "../fit-options.js";
import { Head } from "../head.js";
import type { InTurn } from "../logistic-regression.js";
import { type PreparedExamples, prepareExamples } from "../prepare-examples.js";
import type { ExampleSource } from "../read-examples.js";
import { targetsOf } from "../targets.js";
import { type EpochReport, train } from "../train.js";
import type { TrainedParameter } from "../trained-part.js";
import { TrainingCheckpoint } from "../training-checkpoint.js";
import { BlockFeatures } from "./block-features.js";
import { learningRateShare } from "./learning-rate.js";
import { LowRankAdapters } from "./low-rank-adapters.js";
import { type KeptTokens, TokenStore } from "./token-store.js";
import { blockParameters, TrainedBlocks } from "./trained-blocks.js";
import { TunedModel } from "./tuned-model.js";
import type { TuningSettings } from "./tuning-options.js";

/** How a head is fitted on what the blocks give before they are trained. */
const FIRST_HEAD = {
  linear: { solver: "lbfgs", epochs: 300 },
  hidden: { solver: "adamw", epochs: 100, step: 64, patience: 10, learningRate: 1e-3, weightDecay: 0.01 },
} as const;

/**
 * Trains a head together with the last blocks, or with adapters in them. Each picture passes the blocks before those once. The head is first fitted on the blocks as they
 * are, so that they are not torn by the gradients of a random one (arXiv 2202.10054), and what comes out is never worse on the validation pictures than that.
 *
 * The blocks are a copy: `model` stays as it is, and `head.dispose()` gives the copy's memory back.
 *
 * @throws as `fitHead`
 */
export async function fitBlocks(
  model: VisionModel,
  source: ExampleSource,
  options: FitOptions,
  settings: FitSettings & { tuning: TuningSettings },
): Promise<Head> {
  const { tuning, seed } = settings;
  const { depth, pool } = model.config.architecture;
  const needsName = options.cache !== undefined || options.checkpoint !== undefined;
  const fingerprint = needsName ? `${await fingerprintOf(model, { normalize: false })}:hidden.${tuning.first}` : "";
  const { tokens, width } = sizesOf(model);
  const store = await TokenStore.open(options.cache, fingerprint, tokens * width);
  const passesBefore = model.passes;
  const { model: copy, transformer } = await model.copy();
  // Without the signal: what is begun on the engine is also given back.
  const inTurn: InTurn = (work) => copy.onEngine(work);
  const giveBack: (() => void)[] = [];
  try {
    const examples = await prepareExamples(tokensOf(model, tuning.first), store, source, options, settings);
    const { training, validation, summary, ...task } = examples;
    const features = new BlockFeatures(
      transformer,
      { first: tuning.first, pool },
      store,
      [...training, ...validation].map(({ feature }) => feature),
    );
    const first = await fitFirstHead(
      await features.all(tuning.microBatch, inTurn, options.signal),
      examples,
      settings,
      options,
      inTurn,
    );
    const head = await inTurn(async () => new DenseVariables(first));
    giveBack.push(() => head.dispose());
    const adapters =
      tuning.kind === "lora"
        ? await inTurn(async () => new LowRankAdapters(transformer, depth, tuning, seed))
        : undefined;
    if (adapters) giveBack.push(() => adapters.dispose());
    const backbone = adapters?.parameters ?? blockParameters(transformer, tuning);
    const history = await trainBlocks(
      new TrainedBlocks(features, head, backbone, tuning.microBatch),
      examples,
      settings,
      options,
      inTurn,
      fingerprint,
    );
    const matrices = adapters && (await inTurn(() => adapters.matrices()));
    if (adapters) await inTurn(async () => adapters.merge());
    const layers = await inTurn(() => head.layers());
    const tuned = await features.all(tuning.microBatch, inTurn, options.signal);
    const judged = validation.map((example, i) => ({ ...example, feature: tuned[training.length + i]! }));
    return new Head(
      copy,
      {
        ...{ problem: task.problem, labels: task.labels, layers, history, settings },
        ...judge(layers, judged, task.labels, task.problem),
        summary: { ...summary, passes: model.passes - passesBefore },
      },
      new TunedModel(
        copy,
        transformer,
        model,
        adapters ? adapters.names.map((name) => `${name}.weight`) : backbone.map(({ name }) => name),
        adapters && { settings: tuning.lora!, first: tuning.first, matrices: matrices! },
      ),
    );
  } catch (error) {
    await inTurn(async () => {
      for (const give of giveBack.splice(0)) give();
    });
    await copy.dispose();
    throw error;
  } finally {
    if (giveBack.length > 0)
      await inTurn(async () => {
        for (const give of giveBack) give();
      });
    store.dispose();
  }
}

function sizesOf({ config: { architecture } }: VisionModel): { tokens: number; width: number } {
  const { image, patch, width } = architecture;
  return {
    tokens: 1 + Math.floor(image.height / patch.height) * Math.floor(image.width / patch.width),
    width,
  };
}

/** The frozen blocks at work: tokens `[tokens * width]` of each picture. */
function tokensOf(model: VisionModel, first: number): Extract {
  const layer = `hidden.${first}` as const;
  return async function* (images, how) {
    for await (const item of model.runAll(images, { outputs: [layer], ...how }))
      if ("error" in item) yield item;
      else yield { ...item, result: item.result[layer]!.data };
  };
}

/** A head on the blocks as they are. */
async function fitFirstHead(
  features: readonly Float32Array[],
  { training, validation, labels, problem }: PreparedExamples<KeptTokens>,
  settings: FitSettings,
  options: FitOptions,
  inTurn: InTurn,
): Promise<DenseLayer[]> {
  const own = settings.hidden > 0 ? FIRST_HEAD.hidden : FIRST_HEAD.linear;
  const { layers } = await fitLayers(
    {
      training: features.slice(0, training.length),
      validation: features.slice(training.length),
      targets: {
        training: targetsOf(training, labels, problem, options),
        validation: validation.length > 0 ? targetsOf(validation, labels, problem) : undefined,
      },
    },
    { ...settings, ...own },
    { inTurn, signal: options.signal, onEpoch: () => {} },
  );
  return layers;
}

async function trainBlocks(
  part: TrainedBlocks,
  { training, validation, labels, problem }: PreparedExamples<KeptTokens>,
  settings: FitSettings & { tuning: TuningSettings },
  options: FitOptions,
  inTurn: InTurn,
  fingerprint: string,
): Promise<EpochReport[]> {
  const { epochs, step: batch, patience, seed, learningRate, weightDecay, tuning } = settings;
  const { checkpoint: path, signal, progress } = options;
  const run = () => runOf([...training, ...validation], labels, settings, options, part.parameters, fingerprint);
  return train(
    part,
    {
      training: targetsOf(training, labels, problem, options),
      validation: validation.length > 0 ? targetsOf(validation, labels, problem) : undefined,
    },
    {
      ...{ epochs, batch, patience, seed, clip: tuning.clip, begin: "judged" },
      optimizer: { learningRate, weightDecay, ...ADAMW },
      share: (step, steps) =>
        learningRateShare(step, { warmup: Math.round(tuning.warmup * steps), steps, decay: tuning.decay }),
    },
    {
      ...{ inTurn, signal },
      onEpoch: (report) => progress?.({ stage: "training", ...report }),
      checkpoint: path === undefined ? undefined : new TrainingCheckpoint(path, run()),
    },
  );
}

/** What makes a training this one, as a hash. The schedule depends on how many epochs there are to be. */
function runOf(
  examples: readonly { hash: string; labels: readonly string[] }[],
  labels: readonly string[],
  settings: FitSettings,
  { classWeights, augmentation }: FitOptions,
  parameters: readonly TrainedParameter[],
  fingerprint: string,
): string {
  const hash = createHash("sha256").update(
    JSON.stringify({
      labels,
      settings,
      classWeights,
      augmentation,
      fingerprint,
      names: parameters.map(({ name }) => name),
    }),
  );
  for (const { hash: content, labels: own } of examples) hash.update(`${content} ${JSON.stringify(own)}`);
  return hash.digest("hex");
}
