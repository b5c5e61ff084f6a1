import { TrainingError } from "../../errors.js";
import type { ExampleSet, NamedExample, Omission, Problem } from "./example.js";
import { omission } from "./example.js";
import { type Extract, type ExtractionOptions, extractFeatures, type FeatureKeeper } from "./extract-features.js";

/** A picture with its labels and what the backbone made of it. */
export interface LabelledFeature<Feature = Float32Array> extends NamedExample {
  hash: string;
  /** `[width]`, or where the tokens are kept that it is to be made of */
  feature: Feature;
}

export interface LabelledFeatures<Feature = Float32Array> {
  problem: Problem;
  examples: LabelledFeature<Feature>[];
  omitted: Omission[];
}

/**
 * Pictures that can be read, each once. The same picture again is left out; with other labels, all of its examples are.
 *
 * @throws TrainingError `training/no-examples` where nothing is left
 */
export async function labelledFeatures<Feature>(
  extract: Extract,
  { problem, examples, omitted: unlabelled }: ExampleSet,
  cache: FeatureKeeper<Feature>,
  options: ExtractionOptions,
): Promise<LabelledFeatures<Feature>> {
  const omitted = [...unlabelled];
  const images = examples.map(({ image }) => image);
  const extracted = await extractFeatures(extract, images, cache, options);
  const byHash = new Map<string, LabelledFeature<Feature>[]>();
  for (const [place, result] of extracted.entries()) {
    const example = examples[place]!;
    if ("error" in result) omitted.push(omission(example.name, result.error));
    else byHash.set(result.hash, [...(byHash.get(result.hash) ?? []), { ...example, ...result }]);
  }
  const kept: LabelledFeature<Feature>[] = [];
  for (const [first, ...others] of byHash.values()) {
    const text = labelText(first!);
    const contradiction = others.find((other) => labelText(other) !== text);
    if (contradiction) {
      const message = `The same picture is "${text}" as "${first!.name}" and "${labelText(contradiction)}" as "${contradiction.name}".`;
      for (const { name } of [first!, ...others]) omitted.push({ name, code: "training/contradiction", message });
      continue;
    }
    kept.push(first!);
    for (const { name } of others)
      omitted.push({ name, code: "training/duplicate", message: `It is the same picture as "${first!.name}".` });
  }
  if (kept.length === 0)
    throw new TrainingError(
      "training/no-examples",
      `None of ${examples.length} pictures can be used; the first: ${omitted[0]!.message}`,
      { details: { omitted } },
    );
  return { problem, examples: kept, omitted };
}

const labelText = ({ labels }: NamedExample) => [...labels].sort().join(", ");
