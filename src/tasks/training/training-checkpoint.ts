import { stat } from "node:fs/promises";
import { TrainingError, VitrailError } from "../../errors.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import type { TensorToWrite } from "../../io/write-safetensors.js";
import { writeSafetensorsFile } from "../../io/write-safetensors-file.js";
import type { EpochReport, TrainingState } from "./train.js";

/** What stands in the file's metadata, as JSON. Numbers survive JSON to the bit. */
interface Progress {
  history: EpochReport[];
  bestEpoch: number;
  /** Null where there is no validation. */
  bestLoss: number | null;
  steps: number;
}

/**
 * A training's state in one safetensors file, replaced whole after each epoch: parameters, the best ones, the optimizer's moments, and the history. It says
 * which training it is of, and no other may go on from it.
 */
export class TrainingCheckpoint {
  /** @param run what makes a training this one: data, model, options */
  constructor(
    private readonly path: string,
    private readonly run: string,
  ) {}

  /** Takes up the state in the file, where there is one. @throws TrainingError `training/checkpoint` */
  async restore(state: TrainingState): Promise<void> {
    if (!(await stat(this.path).catch(() => undefined))) return;
    try {
      await using file = await openCheckpoint(this.path);
      if (file.metadata.run !== this.run)
        throw this.refused("is of a training with other examples, another model or other options");
      const { history, bestEpoch, bestLoss, steps } = JSON.parse(file.metadata.progress!) as Progress;
      for (const { name, array } of arraysOf(state))
        await file.readInto(name, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      state.history = history;
      state.best = { ...state.best, epoch: bestEpoch, loss: bestLoss ?? Number.NEGATIVE_INFINITY };
      state.optimizer.steps = steps;
    } catch (error) {
      if (error instanceof TrainingError) throw error;
      throw this.refused("can't be read as a training's state", error);
    }
  }

  /** @throws TrainingError `training/checkpoint` where it can't be written */
  async save(state: TrainingState): Promise<void> {
    const { epoch, loss } = state.best;
    const progress: Progress = {
      history: state.history,
      bestEpoch: epoch,
      bestLoss: Number.isFinite(loss) ? loss : null,
      steps: state.optimizer.steps,
    };
    const tensors = arraysOf(state).map(({ name, array }): [string, TensorToWrite] => [
      name,
      {
        dtype: array instanceof Float64Array ? "F64" : "F32",
        shape: [array.length],
        bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      },
    ]);
    try {
      await writeSafetensorsFile(this.path, tensors, { run: this.run, progress: JSON.stringify(progress) });
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
      throw this.refused("can't be written", error);
    }
  }

  private refused(why: string, cause?: unknown): TrainingError {
    return new TrainingError(
      "training/checkpoint",
      `"${this.path}" ${why}. Delete it to begin anew, or name another file.`,
      { cause, details: { path: this.path } },
    );
  }
}

function arraysOf({ values, best, optimizer }: TrainingState): { name: string; array: Float32Array | Float64Array }[] {
  return values.flatMap((value, i) => [
    { name: `${i}.value`, array: value },
    { name: `${i}.best`, array: best.values[i]! },
    { name: `${i}.first`, array: optimizer.moments[i]!.first },
    { name: `${i}.second`, array: optimizer.moments[i]!.second },
  ]);
}
