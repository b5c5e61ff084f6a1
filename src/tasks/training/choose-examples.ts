import { TrainingError } from "../../errors.js";
import type { NamedExample, Omission } from "./example.js";
import type { FitSettings } from "./fit-options.js";
import { knownOnly } from "./known-only.js";
import type { LabelledFeature, LabelledFeatures } from "./labelled-features.js";
import { splitExamples } from "./split-examples.js";

/** What is learned from what, and judged by what. */
export interface ChosenExamples<Feature = Float32Array> {
  labels: readonly string[];
  /** Both parts. */
  known: LabelledFeature<Feature>[];
  training: LabelledFeature<Feature>[];
  validation: LabelledFeature<Feature>[];
  omitted: Omission[];
}

/**
 * Chooses the labels, leaves out examples of others, and splits.
 *
 * @param wanted the labels; default: those of the examples, sorted
 * @throws TrainingError `training/labels`, `training/labels-differ`, `training/one-label`, `training/no-examples-of-label`
 */
export function chooseExamples<Feature>(
  found: LabelledFeatures<Feature>,
  settings: FitSettings,
  wanted: readonly string[] | undefined,
): ChosenExamples<Feature> {
  const labels = chooseLabels(found.examples, wanted);
  const { examples: known, omitted } = knownOnly(found, labels);
  const { training, validation } = splitExamples(known, settings.validation, settings.seed);
  checkLabels(training, labels, found.problem);
  return { labels, known, training, validation, omitted };
}

/** @throws TrainingError `training/labels` */
function chooseLabels(examples: readonly NamedExample[], wanted: readonly string[] | undefined): readonly string[] {
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
function checkLabels(training: readonly NamedExample[], labels: readonly string[], problem: string): void {
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
