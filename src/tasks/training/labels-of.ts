import { TrainingError } from "../../errors.js";
import type { Problem } from "./example.js";

/** What something is said to be: a name, or the number of a class that nobody named. */
export interface Labelled {
  label?: string | number;
  labels?: readonly (string | number)[];
}

/**
 * An example's labels as names, each once; exactly one for "single-label".
 *
 * @param name of the example, for people
 * @throws TrainingError `training/labels`
 */
export function labelsOf({ label, labels }: Labelled, name: string, problem: Problem): readonly string[] {
  const all = labels ?? (label === undefined ? [] : [label]);
  const refuse = (found: string, wanted: string): never => {
    throw new TrainingError("training/labels", `"${name}" has ${found}; wanted ${wanted}.`, { details: { name } });
  };
  if (labels !== undefined && label !== undefined) refuse('both "label" and "labels"', "one of them");
  if (!Array.isArray(all) || !all.every((one) => (typeof one === "string" && one !== "") || Number.isFinite(one)))
    refuse("a label that is no text", "names");
  const distinct = [...new Set(all.map(String))];
  if (problem === "single-label" && distinct.length !== 1)
    refuse(`${distinct.length} labels`, 'one, or problem "multi-label"');
  return distinct;
}
