import type { StreamItem } from "../batches.js";
import { loadModel } from "../load-model.js";
import { wholeOption } from "../options.js";
import type { VisionModel } from "../vision-model.js";
import type { ClassifySpec, EmbedSpec, LocalOptions, Outcome } from "./batch-task.js";

const DEFAULT_GROUP = 8;

/** Loads the model that a task names. @throws what `loadModel` throws */
export async function loadSpecModel(
  { model, revision, dtype, interpolate, batch = DEFAULT_GROUP }: ClassifySpec | EmbedSpec,
  local: LocalOptions,
): Promise<{ model: VisionModel; groupSize: number }> {
  wholeOption("batch", batch, 1, 1024);
  const loaded = await loadModel(model, {
    ...local,
    ...(revision !== undefined && { revision }),
    ...(dtype && { dtype }),
    ...(interpolate !== undefined && { interpolate }),
  });
  return { model: loaded, groupSize: batch };
}

/** All of a stream's items, each result as fields of a row. */
export async function outcomesOf<Result>(
  items: AsyncIterable<StreamItem<unknown, Result>>,
  fieldsOf: (result: Result) => Readonly<Record<string, unknown>>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const item of items)
    outcomes.push("error" in item ? { error: item.error } : { fields: fieldsOf(item.result) });
  return outcomes;
}
