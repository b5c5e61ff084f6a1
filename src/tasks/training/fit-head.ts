import { fingerprintOf } from "../search/fingerprint.js";
import type { VisionModel } from "../vision-model.js";
import { viewsOf } from "./augmentation.js";
import { chooseExamples } from "./choose-examples.js";
import { type Extract, extractFeatures } from "./extract-features.js";
import { FeatureCache } from "./feature-cache.js";
import { fitFeatures } from "./fit-features.js";
import { checkFitOptions, type FitOptions } from "./fit-options.js";
import { Head } from "./head.js";
import { labelledFeatures } from "./labelled-features.js";
import { type ExampleSource, readExamples } from "./read-examples.js";

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
  const { labels, known, omitted, training, validation } = chooseExamples(found, settings, options.labels);

  const seen = [...training];
  for (const view of viewsOf(options.augmentation, settings.seed)) {
    const images = training.map(({ image }) => image);
    const views = await extractFeatures(extract, images, cache, { batch, signal, onPicture }, view);
    for (const [i, made] of views.entries())
      if ("feature" in made) seen.push({ ...training[i]!, feature: made.feature });
  }
  const fitted = await fitFeatures(
    { problem: found.problem, labels, training: seen, validation },
    settings,
    options,
    (work) =>
      // Without the signal: what is begun on the engine is also given back.
      model.onEngine(work),
  );
  return new Head(model, {
    ...fitted,
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
