import type { BatchTask, EmbedSpec, LocalOptions } from "./batch-task.js";
import type { Column } from "./column.js";
import { loadSpecModel, outcomesOf } from "./load-spec-model.js";
import { modelFingerprint } from "./model-fingerprint.js";
import { shortNumbers } from "./short-numbers.js";

const COLUMNS: readonly Column[] = [{ name: "embedding", kind: "floats", of: ({ embedding }) => embedding }];

/** A vector for each picture. @throws what `loadModel` and `embed` throw */
export async function embedTask(spec: EmbedSpec, local: LocalOptions): Promise<BatchTask> {
  const { pool, normalize } = spec;
  const options = { ...(pool && { pool }), ...(normalize !== undefined && { normalize }) };
  const { model, groupSize } = await loadSpecModel(spec, local);
  return {
    fingerprint: { ...(await modelFingerprint(model, local.signal)), ...options },
    columns: COLUMNS,
    groupSize,
    answer: (pictures, signal) =>
      outcomesOf(model.embedAll(pictures, { ...options, batch: groupSize, signal }), (vector) => ({
        embedding: shortNumbers(vector),
      })),
    [Symbol.asyncDispose]: () => model.dispose(),
  };
}
