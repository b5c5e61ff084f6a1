import { Option } from "commander";
import { ENGINES } from "../../backend/engine.js";
import { WEIGHT_PRECISIONS } from "../../backend/vitrail-backend.js";
import type { LoadModelOptions } from "../../tasks/load-model.js";
import { numberArgument } from "./report.js";

/** What the user said about how this machine computes. */
export interface ComputeOptions {
  engine?: NonNullable<LoadModelOptions["engine"]>;
  threads?: number;
}

/** The same, of commands that load the models that they name. */
export interface LoadingOptions extends ComputeOptions {
  dtype?: NonNullable<LoadModelOptions["dtype"]>;
}

export const threadsOption = () =>
  new Option("--threads <count>", "threads of the engine (default: all cores)").argParser(numberArgument);

/** Of all that computes. */
export const computeOptions = () => [
  new Option("--engine <name>", "what computes").choices(["auto", ...ENGINES]).default("auto"),
  threadsOption(),
];

/** Of all that names a model to load. */
export const dtypeOption = () =>
  new Option("--dtype <name>", "how weights are kept (default: float32, or as vitrail quantize wrote them)").choices([
    ...WEIGHT_PRECISIONS,
  ]);

/** What was said, as `loadModel` and its like take it. */
export function loadingOptions({ engine, threads, dtype }: LoadingOptions): LoadingOptions {
  return { ...(engine && { engine }), ...(threads !== undefined && { threads }), ...(dtype && { dtype }) };
}
