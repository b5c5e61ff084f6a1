import { createHash } from "node:crypto";
import { checkClassificationOptions, type Label } from "../classification.js";
import type { BatchTask, ClassifySpec, LocalOptions } from "./batch-task.js";
import type { Column } from "./column.js";
import { loadSpecModel, outcomesOf } from "./load-spec-model.js";
import { modelFingerprint } from "./model-fingerprint.js";

const labelsIn = (row: object) => (row as { labels: Label[] }).labels;
/** A label that is below the threshold leaves none. */
const COLUMNS: readonly Column[] = [
  { name: "label", kind: "text", of: (row) => labelsIn(row)[0]?.label },
  { name: "score", kind: "real", of: (row) => labelsIn(row)[0]?.score },
  { name: "labels", kind: "labels", of: labelsIn },
];

/** Labels with their scores, best first. @throws what `loadModel` and `classify` throw */
export async function classifyTask(spec: ClassifySpec, local: LocalOptions): Promise<BatchTask> {
  const { topK, threshold, activation, cumulative } = spec;
  const options = {
    ...(topK !== undefined && { topK }),
    ...(threshold !== undefined && { threshold }),
    ...(activation && { activation }),
    ...(cumulative && { cumulative }),
  };
  const { model, groupSize } = await loadSpecModel(spec, local);
  checkClassificationOptions(options, model.labels);
  const labels = createHash("sha256").update(JSON.stringify(model.labels)).digest("hex").slice(0, 32);
  return {
    fingerprint: { ...(await modelFingerprint(model, local.signal)), labels, ...options },
    columns: COLUMNS,
    groupSize,
    answer: (pictures, signal) =>
      outcomesOf(model.classifyAll(pictures, { ...options, batch: groupSize, signal }), (labels) => ({ labels })),
    [Symbol.asyncDispose]: () => model.dispose(),
  };
}
