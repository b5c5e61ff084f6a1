import { createHash } from "node:crypto";
import { TrainingError } from "../../errors.js";
import type { Decisions } from "../../models/model-config.js";
import { fingerprintOf } from "../search/fingerprint.js";
import type { VisionModel } from "../vision-model.js";
import { viewsOf } from "./augmentation.js";
import { fitTemperature } from "./calibration.js";
import { answerOf, type DenseLayer } from "./dense-layer.js";
import { chooseThresholds, type Evaluation, evaluate } from "./evaluation.js";
import type { Problem } from "./example.js";
import { type Extract, extractFeatures } from "./extract-features.js";
import { FeatureCache } from "./feature-cache.js";
import { fitLayers } from "./fit-layers.js";
import { checkFitOptions, type FitOptions, type FitSettings } from "./fit-options.js";
import { Head } from "./head.js";
import { knownOnly } from "./known-only.js";
import { type LabelledFeature, labelledFeatures } from "./labelled-features.js";
import { type ExampleSource, readExamples } from "./read-examples.js";
import { splitExamples } from "./split-examples.js";
import { targetsOf } from "./targets.js";

/**
 * Trains a head on what a model's backbone makes of labelled pictures. Each picture, and each view of it, passes the backbone once. The same examples,
 * options and seed give the same head, to the bit.
 *
 * @param source a folder with a folder of pictures per label, a `.csv` or `.jsonl` list, or a list of `{ image, label }`
 * @throws TrainingError `training/…`; InputError `input/option`; `signal.reason`
 */
export async function fitHead(model: VisionModel, source: ExampleSource, options: FitOptions = {}): Promise<Head> {
  const settings = checkFitOptions(options);
  const { cache: folder, signal, progress, batch } = options;
  const set = await readExamples(source, options.problem);
  const total = set.examples.length;
  // Features in memory need no name.
  const fingerprint = folder === undefined ? "" : await fingerprintOf(model, { normalize: false });
  const cache = await FeatureCache.open(folder, fingerprint, model.width);
  const passesBefore = model.passes;
  const extract: Extract = (images, how) => model.embedAll(images, { normalize: false, ...how });
  const onPicture = (done: number) => progress?.({ stage: "features", done, total });
  const found = await labelledFeatures(extract, set, cache, { batch, signal, onPicture });
  const labels = chooseLabels(found.examples, options.labels);
  const { examples: known, omitted } = knownOnly(found, labels);
  const { training, validation } = splitExamples(known, settings.validation, settings.seed);
  checkLabels(training, labels, found.problem);

  const seen = [...training];
  for (const view of viewsOf(options.augmentation, settings.seed)) {
    const images = training.map(({ image }) => image);
    const views = await extractFeatures(extract, images, cache, { batch, signal, onPicture }, view);
    for (const [i, made] of views.entries())
      if ("feature" in made) seen.push({ ...training[i]!, feature: made.feature });
  }
  const { layers, history } = await fitLayers(
    {
      training: seen.map(({ feature }) => feature),
      validation: validation.map(({ feature }) => feature),
      targets: {
        training: targetsOf(seen, labels, found.problem, options),
        validation: validation.length > 0 ? targetsOf(validation, labels, found.problem) : undefined,
      },
    },
    settings,
    {
      // Without the signal: what is begun on the engine is also given back.
      inTurn: (work) => model.onEngine(work),
      signal,
      onEpoch: (report) => progress?.({ stage: "training", ...report }),
      checkpoint:
        options.checkpoint === undefined
          ? undefined
          : { path: options.checkpoint, run: runOf(seen, labels, settings, options) },
    },
  );
  const judged = judge(layers, validation, labels, found.problem);
  return new Head(model, {
    labels,
    problem: found.problem,
    layers,
    ...judged,
    history,
    settings,
    summary: {
      training: training.length,
      views: seen.length - training.length,
      validation: validation.length,
      labels: labels.map((label) => ({ label, count: known.filter((one) => one.labels.includes(label)).length })),
      passes: model.passes - passesBefore,
      omitted,
    },
  });
}

/** @throws TrainingError `training/labels` */
function chooseLabels(examples: readonly LabelledFeature[], wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return [...new Set(examples.flatMap(({ labels }) => labels))].sort();
  if (
    Array.isArray(wanted) &&
    new Set(wanted).size === wanted.length &&
    wanted.every((label) => typeof label === "string")
  )
    return wanted;
  throw new TrainingError("training/labels", '"labels" must list each label once.', { details: { labels: wanted } });
}

/** @throws TrainingError `training/one-label`, `training/no-examples-of-label` */
function checkLabels(training: readonly LabelledFeature[], labels: readonly string[], problem: string): void {
  if (problem === "single-label" && labels.length < 2)
    throw new TrainingError(
      "training/one-label",
      `All pictures are "${labels[0]}": there is nothing to tell apart. Add pictures of another label.`,
      { details: { labels } },
    );
  const bare = labels.find((label) => !training.some((example) => example.labels.includes(label)));
  if (labels.length === 0 || bare !== undefined)
    throw new TrainingError(
      "training/no-examples-of-label",
      labels.length === 0
        ? "No picture has a label."
        : `No picture to learn from is "${bare}". Add some, or leave the label out.`,
      { details: { label: bare } },
    );
}

/** Temperature and thresholds by the pictures that were not learned from, and what the head is worth on them; a temperature of 1 where there are none. */
function judge(
  layers: readonly DenseLayer[],
  validation: readonly LabelledFeature[],
  labels: readonly string[],
  problem: Problem,
): Decisions & { validation?: Evaluation } {
  if (validation.length === 0) return { temperature: 1 };
  const logits = new Float32Array(validation.length * labels.length);
  for (const [row, { feature }] of validation.entries()) logits.set(answerOf(layers, feature), row * labels.length);
  const temperature = fitTemperature(logits, targetsOf(validation, labels, problem));
  const thresholds = chooseThresholds(logits, validation, labels, problem, temperature);
  const decisions = { temperature, ...(thresholds && { thresholds }) };
  return { ...decisions, validation: evaluate(logits, validation, labels, problem, decisions) };
}

/** What makes a training this one, as a hash. */
function runOf(
  seen: readonly LabelledFeature[],
  labels: readonly string[],
  settings: FitSettings,
  { classWeights, augmentation, labels: _ }: FitOptions,
): string {
  const hash = createHash("sha256");
  // An interrupted training may be given more epochs.
  hash.update(JSON.stringify({ labels, ...settings, epochs: 0, classWeights, augmentation }));
  for (const { hash: content, labels: own, feature } of seen)
    hash
      .update(`${content} ${JSON.stringify(own)}`)
      .update(new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength));
  return hash.digest("hex");
}
