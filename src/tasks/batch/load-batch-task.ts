import { InputError } from "../../errors.js";
import type { BatchSpec, BatchTask, LocalOptions } from "./batch-task.js";
import { classifyTask } from "./classify-task.js";
import { embedTask } from "./embed-task.js";
import { facesTask } from "./faces-task.js";

/** Loads what a batch needs. @throws InputError `input/option` for another task; what the models throw */
export async function loadBatchTask(spec: BatchSpec, local: LocalOptions = {}): Promise<BatchTask> {
  switch (spec.task) {
    case "classify":
      return classifyTask(spec, local);
    case "embed":
      return embedTask(spec, local);
    case "faces":
      return facesTask(spec, local);
    default:
      throw new InputError(
        "input/option",
        `There is no task "${(spec as { task: unknown }).task}"; there are "classify", "embed" and "faces".`,
      );
  }
}
