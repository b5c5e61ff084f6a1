import type { EngineOptions } from "../../backend/engine.js";
import { InputError } from "../../errors.js";
import { onEngine } from "../on-engine.js";
import { checkOptionNames, choiceOption, realOption } from "../options.js";
import { packageFile } from "../package-file.js";
import { AutoSearch } from "./auto-search.js";
import { BoxDetector } from "./box-detector.js";
import { FaceDetector } from "./face-detector.js";
import { FACE_MODELS, type FaceModelName } from "./face-models.js";
import { type FaceSearch, SingleLook } from "./face-search.js";
import { loadNetwork } from "./load-network.js";

/** A network's one look at the whole picture, or `auto`: looks at any scale, by all three. */
export type FaceDetectorName = FaceModelName | "auto";
export const FACE_DETECTORS: readonly FaceDetectorName[] = [...(Object.keys(FACE_MODELS) as FaceModelName[]), "auto"];

export interface FaceDetectorOptions extends EngineOptions {
  /** Default `"short"`. */
  model?: FaceDetectorName;
  /** Least score of a face, 0 to 1. Default: MediaPipe's own for the model, 0.5 (`short`, `back`) or 0.6 (`full`); 0.67 (`auto`). */
  minScore?: number;
  /** A safetensors file, or a folder with one, to take instead of the weights that ship with vitrail. Not with `auto`, which has three. */
  weights?: string | URL;
  signal?: AbortSignal;
}

const TARGET = {
  model: "the face detector that was asked for",
  advice: 'Leave out "weights" to take those that ship with vitrail, or name the "model" that yours belong to.',
};

/**
 * Loads a BlazeFace detector.
 *
 * @throws InputError `input/option`; WeightsFileError and CheckpointError for weights that are damaged or do not fit; `signal.reason`
 */
export async function loadFaceDetector(options: FaceDetectorOptions = {}): Promise<FaceDetector> {
  checkOptionNames(options, ["model", "minScore", "weights", "signal", "engine", "threads"]);
  choiceOption("model", options.model, FACE_DETECTORS);
  realOption("minScore", options.minScore);
  if (options.model === "auto" && options.weights !== undefined)
    throw new InputError("input/option", `"auto" runs three networks with their own weights; leave "weights" out.`);
  options.signal?.throwIfAborted();
  return new FaceDetector(await loadSearch(options), options.minScore);
}

async function loadSearch({ model = "short", weights, ...options }: FaceDetectorOptions): Promise<FaceSearch> {
  if (model !== "auto") return new SingleLook(await loadBoxDetector(model, weights, options));
  const loaded: BoxDetector[] = [];
  const load = async (name: FaceModelName) => {
    const detector = await loadBoxDetector(name, undefined, options);
    loaded.push(detector);
    return detector;
  };
  try {
    return new AutoSearch({ short: await load("short"), back: await load("back"), full: await load("full") });
  } catch (error) {
    await Promise.all(loaded.map((detector) => detector.dispose()));
    throw error;
  }
}

async function loadBoxDetector(
  name: FaceModelName,
  weights: string | URL = packageFile(`weights/blazeface/${name}.safetensors`),
  options: FaceDetectorOptions,
): Promise<BoxDetector> {
  const model = FACE_MODELS[name];
  const { signal } = options;
  const load = () => loadNetwork(() => model.build(), weights, { target: TARGET, signal });
  return onEngine(options, async () => new BoxDetector(await load(), model), signal);
}
