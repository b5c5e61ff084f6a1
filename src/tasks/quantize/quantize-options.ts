import type { EngineName } from "../../backend/engine.js";
import { ENGINES } from "../../backend/engine.js";
import { InputError } from "../../errors.js";
import type { HubOptions } from "../../io/hub/get-model.js";
import type { ImageInput } from "../image-input.js";
import { HUB_OPTIONS } from "../locate-model.js";
import { checkOptionNames, choiceOption, wholeOption } from "../options.js";
import { type Budget, checkBudget } from "./budget.js";

export interface QuantizeOptions extends Omit<HubOptions, "progress"> {
  /** What the matrices of the blocks become. Default "int8". */
  dtype?: "int8" | "float16";
  /** A folder of pictures like those that the model will see, or a list; what the copy costs is measured on them. */
  calibrate: string | readonly ImageInput[];
  /** Folder to write; must not exist, or be empty. */
  out: string;
  /** What the copy may lose at most; beyond, nothing is written. */
  budget?: Budget;
  /**
   * How many layers stay as they are stored: so many of the most sensitive, or "auto" for the fewest that meet the budget. Default 0. Finding them takes a
   * pass over up to 64 of the pictures for each layer.
   */
  keepWorst?: number | "auto";
  /** Layers that stay in any case, by their names in the checkpoint without ".weight"; "attention" for the products within the attentions. */
  keep?: readonly string[];
  /** Engines to time both models on; default: all that are installed but "cpu". */
  engines?: readonly EngineName[];
  /** Of the engine "vitrail". */
  threads?: number;
  progress?: (event: QuantizeProgress) => void;
}

export interface QuantizeProgress {
  /** "layers": how sensitive each is; of searches only. */
  stage: "pictures" | "layers" | "timing";
  done: number;
  total: number;
}

const NAMES = ["dtype", "calibrate", "out", "budget", "keepWorst", "keep", "engines", "threads"];

/** @throws InputError `input/option` */
export function checkQuantizeOptions(options: QuantizeOptions): void {
  checkOptionNames(options, [...HUB_OPTIONS, ...NAMES]);
  const { dtype, calibrate, out, budget, keepWorst, keep, engines } = options;
  const wrong = (option: string, wanted: string) =>
    new InputError("input/option", `"${option}" must be ${wanted}.`, { details: { option } });
  choiceOption("dtype", dtype, ["int8", "float16"]);
  if (typeof calibrate !== "string" && !Array.isArray(calibrate))
    throw wrong("calibrate", "a folder of pictures or a list of them");
  if (typeof out !== "string" || out === "" || out.includes("\0")) throw wrong("out", "the folder to write");
  if (budget !== undefined) checkBudget(budget);
  if (keepWorst !== "auto") wholeOption("keepWorst", keepWorst, 0);
  else if (budget === undefined)
    throw wrong("budget", 'given with keepWorst "auto", which keeps as little as it allows');
  if (keep !== undefined && !(Array.isArray(keep) && keep.every((name) => typeof name === "string")))
    throw wrong("keep", "a list of names of layers");
  if (engines !== undefined && !Array.isArray(engines)) throw wrong("engines", "a list of engines");
  for (const engine of engines ?? []) choiceOption("engines", engine, ENGINES);
}

/** What of the options is about where the model comes from. */
export function hubOptions({ revision, token, cacheDir, signal }: QuantizeOptions): HubOptions {
  return {
    ...(revision !== undefined && { revision }),
    ...(token !== undefined && { token }),
    ...(cacheDir !== undefined && { cacheDir }),
    ...(signal && { signal }),
  };
}
