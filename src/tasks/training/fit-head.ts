import { InputError } from "../../errors.js";
import { fingerprintOf } from "../search/fingerprint.js";
import { VisionModel } from "../vision-model.js";
import type { Extract } from "./extract-features.js";
import { FeatureCache } from "./feature-cache.js";
import { fitFeatures } from "./fit-features.js";
import { checkFitOptions, type FitOptions } from "./fit-options.js";
import { Head } from "./head.js";
import { prepareExamples } from "./prepare-examples.js";
import type { ExampleSource } from "./read-examples.js";
import { fitBlocks } from "./tuning/fit-blocks.js";
import { tunesBlocks, tuningSettings } from "./tuning/tuning-options.js";

/**
 * Trains a head on what a model's backbone makes of labelled pictures. Each picture, and each view of it, passes the backbone once. The same examples,
 * options and seed give the same head, to the bit. With `unfreeze` or `lora` the last blocks are trained too, in a copy: `model` stays as it is.
 *
 * @param source a folder with a folder of pictures per label, a `.csv` or `.jsonl` list, or a list of `{ image, label }`
 * @throws TrainingError `training/…`; InputError `input/option`; `signal.reason`
 */
export async function fitHead(model: VisionModel, source: ExampleSource, options: FitOptions = {}): Promise<Head> {
  if (!(model instanceof VisionModel))
    throw new InputError("input/model", "fitHead got no model. Pass what loadModel gives, then the pictures.");
  const settings = checkFitOptions(options);
  if (tunesBlocks(options))
    return fitBlocks(model, source, options, { ...settings, tuning: tuningSettings(options, model) });
  const { cache: folder } = options;
  // Features in memory need no name.
  const fingerprint = folder === undefined ? "" : await fingerprintOf(model, { normalize: false });
  const cache = await FeatureCache.open(folder, fingerprint, model.width);
  const passesBefore = model.passes;
  const extract: Extract = (images, how) => model.embedAll(images, { normalize: false, ...how });
  const { summary, ...examples } = await prepareExamples(extract, cache, source, options, settings);
  const fitted = await fitFeatures(examples, settings, options, (work) =>
    // Without the signal: what is begun on the engine is also given back.
    model.onEngine(work),
  );
  return new Head(model, { ...fitted, settings, summary: { ...summary, passes: model.passes - passesBefore } });
}
