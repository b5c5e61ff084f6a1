import { InputError } from "../../errors.js";
import { fingerprintOf } from "../search/fingerprint.js";
import type { VisionModel } from "../vision-model.js";
import { type Evaluation, evaluate } from "./evaluation.js";
import type { Extract } from "./extract-features.js";
import { FeatureCache } from "./feature-cache.js";
import { checkEvaluateOptions, type EvaluateOptions } from "./head.js";
import { knownOnly } from "./known-only.js";
import { labelledFeatures } from "./labelled-features.js";
import { type ExampleSource, readExamples } from "./read-examples.js";

/**
 * What any classifier answers for labelled pictures: a head that was saved, or a checkpoint from elsewhere whose labels are the pictures'.
 *
 * @throws TrainingError `training/…`; InputError `input/no-classifier`, `input/option`; `signal.reason`
 */
export async function evaluateModel(
  model: VisionModel,
  source: ExampleSource,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkEvaluateOptions(options);
  const { labels, config } = model;
  if (labels.length === 0)
    throw new InputError(
      "input/no-classifier",
      `"${config.name}" is an encoder without a classifier. Train a head with fitHead().`,
    );
  const { cache: folder, batch, signal, progress } = options;
  const problem = config.activation === "sigmoid" ? "multi-label" : "single-label";
  const set = await readExamples(source, problem);
  const fingerprint = folder === undefined ? "" : `${await fingerprintOf(model, { normalize: false })}:logits`;
  const cache = await FeatureCache.open(folder, fingerprint, labels.length);
  const extract: Extract = async function* (images, how) {
    for await (const item of model.classifyAll(images, { activation: "none", ...how }))
      if ("error" in item) yield item;
      else {
        const byLabel = new Map(item.result.map(({ label, score }) => [label, score]));
        yield { ...item, result: Float32Array.from(labels, (label) => byLabel.get(label)!) };
      }
  };
  const onPicture = (done: number) => progress?.(done, set.examples.length);
  const found = await labelledFeatures(extract, set, cache, { batch, signal, onPicture });
  const { examples, omitted } = knownOnly(found, labels);
  const logits = new Float32Array(examples.length * labels.length);
  for (const [row, { feature }] of examples.entries()) logits.set(feature, row * labels.length);
  return evaluate(logits, examples, labels, problem, config.decisions ?? { temperature: 1 }, omitted);
}
