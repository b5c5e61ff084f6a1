import { InputError, VitrailError } from "../../errors.js";
import type { LoadModelOptions } from "../load-model.js";
import { hubOptionsOf } from "../locate-model.js";
import { checkOptionNames, choiceOption, rangeOption, wholeOption } from "../options.js";
import { VisionModel } from "../vision-model.js";
import {
  type AttributeFailure,
  type AttributeModel,
  AttributeModels,
  type AttributeSource,
  type ModelSource,
  naming,
} from "./attributes/attribute-models.js";
import { FaceAnalyzer } from "./face-analyzer.js";
import { FaceDetector } from "./face-detector.js";
import { type FaceDetectorOptions, loadFaceDetector } from "./load-face-detector.js";

export interface FaceAnalyzerOptions
  extends Pick<LoadModelOptions, "engine" | "threads" | "dtype" | "token" | "cacheDir" | "progress"> {
  /**
   * What to say of each face: a name, and the ViT or EVA-02 checkpoint that says it, a folder or an id on the Hub. `emotion`, `age`, `gender` and `race` come with the
   * services' keys whatever the checkpoint calls them; any other name keeps its checkpoint's labels. A checkpoint without a name is for
   * `emotion`. Nothing is said that is not asked for.
   */
  attributes?: ModelSource | Readonly<Record<string, AttributeSource>>;
  /** What finds the faces; a loaded one stays its owner's to dispose. Default: `{ model: "auto" }`. */
  detector?: FaceDetector | FaceDetectorOptions;
  /** Least score of a face, 0 to 1. Default: the detector's. */
  minScore?: number;
  /** Only the best faces of a picture. Default: all. */
  maxFaces?: number;
  /** Least longer side of a face's box, in pixels. Default: the detector's. */
  minSize?: number;
  /** Room around a face on each side, as a share of its longer side, before a model sees it. Default 0.2: brow to chin becomes the whole head. */
  margin?: number;
  /** `"eyes"` shows faces to the models upright, however they lie in the picture. Default `"eyes"`. */
  align?: "eyes" | "none";
  /** A face vector from this attribute's model, out of the same pass; or from a model of its own. Default: none. */
  embed?: string | VisionModel | { model: string | VisionModel };
  /** `"skip"` leaves out an attribute that fails and says so in `failures`. Default `"throw"`. */
  onError?: "throw" | "skip";
  /** Faces in one forward pass, where there are many. Default 32. */
  batch?: number;
  signal?: AbortSignal;
}

const OPTIONS = [
  ...["attributes", "detector", "minScore", "maxFaces", "minSize", "margin", "align", "embed", "onError", "batch"],
  ...["signal", "engine", "threads", "dtype", "token", "cacheDir", "progress"],
];
const DEFAULT_MARGIN = 0.2;
/** A ViT-B/16 takes some 5 MB a face for its widest activations. */
const DEFAULT_BATCH = 32;
const ATTRIBUTE_NAME = /^[a-z][\w .-]{0,63}$/i;

/**
 * Loads a detector and the models of attributes, once, for any number of pictures. After a failure nothing of them is left.
 *
 * @throws InputError `input/option`; what `loadModel` throws, naming the attribute; CheckpointError `checkpoint/attribute-labels`
 */
export async function loadFaceAnalyzer(options: FaceAnalyzerOptions = {}): Promise<FaceAnalyzer> {
  checkOptions(options);
  const { detector: chosen = { model: "auto" }, onError = "throw", signal } = options;
  const { engine, threads, dtype, embed, margin = DEFAULT_MARGIN, align = "eyes", batch = DEFAULT_BATCH } = options;
  const loading = { ...(engine && { engine }), ...(threads !== undefined && { threads }), ...(signal && { signal }) };
  const models = new AttributeModels({ ...loading, ...(dtype && { dtype }), ...hubOptionsOf(options) });
  const failures = new Map<string, AttributeFailure>();
  const orSkip = async <Result>(name: string, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (onError === "throw" || !(error instanceof VitrailError)) throw error;
      failures.set(name, { code: error.code, message: error.message });
      return undefined;
    }
  };
  try {
    for (const [name, source] of Object.entries(named(options.attributes)))
      await orSkip(name, () => models.add(name, source));
    const embedder = embed === undefined ? undefined : await orSkip("embed", () => loadEmbedder(embed, models));
    const isOwn = !(chosen instanceof FaceDetector);
    const detector = isOwn ? await loadFaceDetector({ ...loading, ...chosen }) : chosen;
    const { minScore, maxFaces, minSize } = options;
    const detection = {
      ...(minScore !== undefined && { minScore }),
      ...(maxFaces !== undefined && { maxFaces }),
      ...(minSize !== undefined && { minSize }),
    };
    const settings = { detection, crop: { margin, align }, batch, onError, embedder, failures };
    return new FaceAnalyzer(detector, models, settings, async () => {
      await models.dispose();
      if (isOwn) await detector.dispose();
    });
  } catch (error) {
    await models.dispose();
    throw error;
  }
}

async function loadEmbedder(
  embed: NonNullable<FaceAnalyzerOptions["embed"]>,
  models: AttributeModels,
): Promise<AttributeModel> {
  if (typeof embed === "string") {
    const entry = models.all.find(({ readers }) => readers.has(embed));
    if (entry) return entry;
    throw new InputError(
      "input/option",
      `"embed" names the attribute "${embed}", which is not among those asked for. Name one of them, or pass { model }.`,
      { details: { option: "embed", attribute: embed } },
    );
  }
  return naming("The face vectors", {}, () => models.load(embed instanceof VisionModel ? embed : embed?.model));
}

/** What is asked for, by name: a checkpoint alone is for emotions. */
function named(attributes: FaceAnalyzerOptions["attributes"] = {}): Readonly<Record<string, AttributeSource>> {
  return typeof attributes === "string" || attributes instanceof VisionModel ? { emotion: attributes } : attributes;
}

function checkOptions(options: FaceAnalyzerOptions): void {
  checkOptionNames(options, OPTIONS);
  rangeOption("minScore", options.minScore, 0, 1);
  wholeOption("maxFaces", options.maxFaces, 1);
  rangeOption("minSize", options.minSize, 0, Number.MAX_SAFE_INTEGER);
  rangeOption("margin", options.margin, 0, 4);
  choiceOption("align", options.align, ["eyes", "none"]);
  choiceOption("onError", options.onError, ["throw", "skip"]);
  wholeOption("batch", options.batch, 1, 1024);
  const { embed, detector } = options;
  const attributes = named(options.attributes);
  if (detector !== undefined && !(detector instanceof FaceDetector) && typeof detector !== "object")
    throw new InputError(
      "input/option",
      `"detector" must be a loaded detector or { model }; found ${typeof detector}.`,
    );
  if (embed !== undefined && typeof embed !== "string" && typeof embed !== "object")
    throw new InputError("input/option", `"embed" must name an attribute or be { model }; found ${typeof embed}.`);
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes))
    throw new InputError(
      "input/option",
      `"attributes" must be an object from names to checkpoints, or the checkpoint of emotions.`,
    );
  for (const name of Object.keys(attributes))
    if (!ATTRIBUTE_NAME.test(name))
      throw new InputError(
        "input/option",
        `"${name.slice(0, 80)}" is no name of an attribute: a letter, then letters, digits, "_", "-", "." or spaces.`,
      );
}
