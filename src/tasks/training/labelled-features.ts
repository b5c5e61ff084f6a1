import { TrainingError } from "../../errors.js";
import type { ExampleSet, NamedExample, Omission, Problem } from "./example.js";
import { omission } from "./example.js";
import { type Extract, type ExtractionOptions, extractFeatures } from "./extract-features.js";
import type { FeatureCache } from "./feature-cache.js";

/** A picture with its labels and what the backbone made of it. */
export interface LabelledFeature extends NamedExample {
  hash: string;
  /** `[width]` */
  feature: Float32Array;
}

export interface LabelledFeatures {
  problem: Problem;
  examples: LabelledFeature[];
  omitted: Omission[];
}

/**
 * Pictures that can be read, each once. The same picture again is left out; with other labels, all of its examples are.
 *
 * @throws TrainingError `training/no-examples` where nothing is left
 */
export async function labelledFeatures(
  extract: Extract,
  { problem, examples, omitted: unlabelled }: ExampleSet,
  cache: FeatureCache,
  options: ExtractionOptions,
): Promise<LabelledFeatures> {
  const omitted = [...unlabelled];
  const images = examples.map(({ image }) => image);
  const extracted = await extractFeatures(extract, images, cache, options);
  const byHash = new Map<string, LabelledFeature[]>();
  for (const [place, result] of extracted.entries()) {
    const example = examples[place]!;
    if ("error" in result) omitted.push(omission(example.name, result.error));
    else byHash.set(result.hash, [...(byHash.get(result.hash) ?? []), { ...example, ...result }]);
  }
  const kept: LabelledFeature[] = [];
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
