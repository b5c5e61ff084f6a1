import { useEngine } from "../../backend/engine.js";
import { checkOptionNames, choiceOption, realOption } from "../options.js";
import { packageFile } from "../package-file.js";
import { FaceDetector } from "./face-detector.js";
import { FACE_MODELS, type FaceModelName } from "./face-models.js";
import { loadBoxModel } from "./load-box-model.js";

export interface FaceDetectorOptions {
  /** Default `"short"`. */
  model?: FaceModelName;
  /** Least score of a face, 0 to 1. Default: MediaPipe's own for the model, 0.5 (`short`, `back`) or 0.6 (`full`). */
  minScore?: number;
  /** A safetensors file, or a folder with one, to take instead of the weights that ship with vitrail. */
  weights?: string | URL;
  signal?: AbortSignal;
}

/**
 * Loads a BlazeFace detector.
 *
 * @throws InputError `input/option`; WeightsFileError and CheckpointError for weights that are damaged or do not fit; `signal.reason`
 */
export async function loadFaceDetector(options: FaceDetectorOptions = {}): Promise<FaceDetector> {
  checkOptionNames(options, ["model", "minScore", "weights", "signal"]);
  choiceOption("model", options.model, Object.keys(FACE_MODELS));
  realOption("minScore", options.minScore);
  const { model: name = "short", signal } = options;
  const faceModel = FACE_MODELS[name];
  signal?.throwIfAborted();
  await useEngine();
  const weights = options.weights ?? packageFile(`weights/blazeface/${name}.safetensors`);
  const boxModel = await loadBoxModel(faceModel, weights, signal);
  return new FaceDetector(boxModel, { ...faceModel, minScore: options.minScore ?? faceModel.minScore });
}
