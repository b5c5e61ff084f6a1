import { viewsOf } from "./augmentation.js";
import { chooseExamples } from "./choose-examples.js";
import type { Problem } from "./example.js";
import { type Extract, extractFeatures, type FeatureKeeper } from "./extract-features.js";
import type { FitOptions, FitSettings } from "./fit-options.js";
import type { FitSummary } from "./head.js";
import { type LabelledFeature, labelledFeatures } from "./labelled-features.js";
import { type ExampleSource, readExamples } from "./read-examples.js";

/** All that a training needs of its pictures. */
export interface PreparedExamples<Feature> {
  problem: Problem;
  labels: readonly string[];
  /** With the changed views of them. */
  training: LabelledFeature<Feature>[];
  validation: LabelledFeature<Feature>[];
  summary: Omit<FitSummary, "passes">;
}

/**
 * Reads examples, passes each picture and each view of it through `extract` once, and parts them.
 *
 * @throws TrainingError `training/…`; `signal.reason`
 */
export async function prepareExamples<Feature>(
  extract: Extract,
  keeper: FeatureKeeper<Feature>,
  source: ExampleSource,
  { batch, signal, progress, augmentation, ...options }: FitOptions,
  settings: FitSettings,
): Promise<PreparedExamples<Feature>> {
  const set = await readExamples(source, options.problem);
  const total = set.examples.length;
  const how = { batch, signal, onPicture: (done: number) => progress?.({ stage: "features", done, total }) };
  const found = await labelledFeatures(extract, set, keeper, how);
  const { labels, known, omitted, training, validation } = chooseExamples(found, settings, options.labels);
  const seen = [...training];
  for (const view of viewsOf(augmentation, settings.seed)) {
    const images = training.map(({ image }) => image);
    const views = await extractFeatures(extract, images, keeper, how, view);
    for (const [i, made] of views.entries())
      if ("feature" in made) seen.push({ ...training[i]!, feature: made.feature });
  }
  return {
    problem: found.problem,
    labels,
    training: seen,
    validation,
    summary: {
      training: training.length,
      views: seen.length - training.length,
      validation: validation.length,
      labels: countsOf(labels, known),
      omitted,
    },
  };
}

function countsOf(labels: readonly string[], known: readonly { labels: readonly string[] }[]) {
  return labels.map((label) => ({ label, count: known.filter((one) => one.labels.includes(label)).length }));
}
