import { type EngineOptions, useEngine } from "../backend/engine.js";
import { exclusive } from "./exclusive.js";

/**
 * Loads something with an engine made TF.js's active one. In turn, since the engine is the whole process's: a pass or a load on another
 * engine must not come between. `load` must not wait for another turn.
 *
 * @throws what `useEngine` and `load` throw; `signal.reason` when aborted before its turn
 */
export function onEngine<Result>(
  { engine, threads }: EngineOptions,
  load: () => Result | Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  return exclusive(async () => {
    await useEngine({ ...(engine && { engine }), ...(threads !== undefined && { threads }) });
    return load();
  }, signal);
}
