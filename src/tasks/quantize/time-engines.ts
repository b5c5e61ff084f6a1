import { ENGINES, type EngineName } from "../../backend/engine.js";
import { EngineError } from "../../errors.js";
import type { HubOptions } from "../../io/hub/get-model.js";
import { loadModel } from "../load-model.js";
import type { VisionModel } from "../vision-model.js";
import type { PreparedPicture } from "./both-models.js";

/** Time of a forward pass over one picture, in milliseconds: the least of several, in turns. */
export interface EngineTime {
  engine: EngineName;
  before: number;
  after: number;
}

const MOST_ROUNDS = 10;
const MOST_MS = 3000;

/** All but the plain JavaScript one, which takes minutes for a pass of a large model. */
const TIMED_ENGINES: readonly EngineName[] = ENGINES.filter((engine) => engine !== "cpu");

/** Times a model and its quantized copy on every engine that is installed and works here. */
export async function timeEngines(
  before: string,
  after: string,
  { values }: PreparedPicture,
  { engines = TIMED_ENGINES, threads, ...hub }: { engines?: readonly EngineName[]; threads?: number } & HubOptions,
): Promise<EngineTime[]> {
  const times: EngineTime[] = [];
  for (const engine of engines) {
    const options = { engine, ...(threads !== undefined && { threads }) };
    try {
      await using original = await loadModel(before, { ...hub, ...options });
      await using quantized = await loadModel(after, { ...options, ...(hub.signal && { signal: hub.signal }) });
      times.push({ engine, ...(await inTurns(original, quantized, values, hub.signal)) });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error; // not installed, or not for this machine
    }
  }
  return times;
}

async function inTurns(before: VisionModel, after: VisionModel, values: Float32Array, signal?: AbortSignal) {
  const time = async (model: VisionModel) => {
    const { height, width } = model.config.architecture.image;
    const start = performance.now();
    await model.runTensor(values, [1, height, width, 3], { outputs: ["embedding"], ...(signal && { signal }) });
    return performance.now() - start;
  };
  const least = { before: await time(before), after: await time(after) };
  const end = performance.now() + MOST_MS;
  for (let round = 0; round < MOST_ROUNDS && performance.now() < end; round++) {
    least.before = Math.min(least.before, await time(before));
    least.after = Math.min(least.after, await time(after));
  }
  return least;
}
