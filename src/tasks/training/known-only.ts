import { TrainingError } from "../../errors.js";
import type { NamedExample, Omission } from "./example.js";

/**
 * Examples whose labels are all known; the others are told among those left out.
 *
 * @throws TrainingError `training/labels-differ` where nothing is left
 */
export function knownOnly<Labelled extends NamedExample>(
  { examples, omitted: before }: { examples: readonly Labelled[]; omitted: readonly Omission[] },
  labels: readonly string[],
): { examples: Labelled[]; omitted: Omission[] } {
  const known = new Set(labels);
  const omitted = [...before];
  const kept = examples.filter(({ name, labels: own }) => {
    const unknown = own.find((label) => !known.has(label));
    if (unknown !== undefined)
      omitted.push({
        name,
        code: "training/unknown-label",
        message: `"${name}" is "${unknown}", which is not among the labels.`,
      });
    return unknown === undefined;
  });
  if (kept.length > 0) return { examples: kept, omitted };
  const found = [...new Set(examples.flatMap((example) => example.labels))];
  throw new TrainingError(
    "training/labels-differ",
    `The pictures are "${found.join('", "')}"; the labels are "${labels.join('", "')}", and none is in both.`,
    { details: { found, labels } },
  );
}
