import { VitrailError } from "../../errors.js";
import type { Image } from "../../images/image.js";
import { batches, type StreamItem } from "../batches.js";
import { scoresOf } from "../classification.js";
import { type ImageInput, readImage } from "../image-input.js";
import { checkOptionNames } from "../options.js";
import type { RunResult } from "../vision-model.js";
import {
  type AttributeFailure,
  type AttributeModel,
  type AttributeModels,
  naming,
} from "./attributes/attribute-models.js";
import { isKnownAttribute } from "./attributes/attribute-reader.js";
import { type CropFaceOptions, cropFace } from "./crop-face.js";
import type { Face } from "./face.js";
import type { AnalyzedFace, FaceAnalysis } from "./face-analysis.js";
import type { DetectOptions, FaceDetector } from "./face-detector.js";
import { faceQuality } from "./face-quality.js";

/** What an analyzer was loaded with. */
export interface AnalyzerSettings {
  detection: Omit<DetectOptions, "signal">;
  crop: { margin: number; align: "eyes" | "none" };
  batch: number;
  onError: "throw" | "skip";
  /** The model that gives the face vectors. */
  embedder?: AttributeModel | undefined;
  /** Of attributes that could not be loaded. */
  failures: ReadonlyMap<string, AttributeFailure>;
}

type FaceOutput = "logits" | "embedding";

/** Pictures that are looked at together, so that their faces fill a batch. */
const GROUP = 8;
/** Pixels: larger faces are shrunk to this side before a model or the quality sees them, so that eight pictures' faces fit into memory. */
const LARGEST_CROP = 2048;

/** Finds faces and says what each shows. Made by `loadFaceAnalyzer`; holds its models in memory until it is disposed. */
export class FaceAnalyzer implements AsyncDisposable {
  constructor(
    private readonly detector: FaceDetector,
    private readonly models: AttributeModels,
    private readonly settings: AnalyzerSettings,
    private readonly free: () => Promise<void>,
  ) {}

  /**
   * The faces of a picture with their attributes; of several pictures one result each, in their order. All faces go through each model as
   * one batch.
   *
   * @throws InputError, ImageError for what is no picture; with `onError: "throw"` also what an attribute fails with; `signal.reason`
   */
  analyze(input: ImageInput, options?: { signal?: AbortSignal }): Promise<FaceAnalysis>;
  analyze(inputs: readonly ImageInput[], options?: { signal?: AbortSignal }): Promise<FaceAnalysis[]>;
  async analyze(inputs: ImageInput | readonly ImageInput[], options: { signal?: AbortSignal } = {}) {
    const isList = Array.isArray(inputs);
    const results: FaceAnalysis[] = [];
    for await (const entry of this.analyzeAll(isList ? inputs : [inputs as ImageInput], options)) {
      if ("error" in entry) {
        if (!isList) throw entry.error;
        const { error, index } = entry;
        await naming(`Picture ${index} of the list`, { index }, () => Promise.reject(error));
      } else results.push(entry.result);
    }
    return isList ? results : results[0]!;
  }

  /** Analyzes a stream of any length, a few pictures at a time; one that can't be read is an item with `error`. */
  async *analyzeAll<Input extends ImageInput>(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<StreamItem<Input, FaceAnalysis>> {
    checkOptionNames(options, ["signal"]);
    for await (const group of batches(inputs, GROUP)) {
      const crops: Image[] = [];
      const found: (FaceAnalysis | Error)[] = [];
      for (const { item } of group) found.push(await this.detect(item, crops, options.signal));
      const results = found.filter((result): result is FaceAnalysis => !(result instanceof Error));
      await this.addAttributes(results, crops, options.signal);
      for (const [i, { index, item }] of group.entries()) {
        const result = found[i]!;
        yield result instanceof Error ? { index, item, error: result } : { index, item, result };
      }
    }
  }

  /** Gives the models' memory back, except what the caller loaded. May be called again. */
  dispose(): Promise<void> {
    return this.free();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** The faces of a picture, still without attributes; their pixels go to `crops`. */
  private async detect(input: ImageInput, crops: Image[], signal?: AbortSignal): Promise<FaceAnalysis | Error> {
    try {
      const image = await readImage(input, { gray16: "scale", ...(signal && { signal }) });
      const faces = await this.detector.detect(image, { ...this.settings.detection, ...(signal && { signal }) });
      const { margin, align } = this.settings.crop;
      if (this.models.all.length > 0)
        for (const face of faces) crops.push(pixelsOf(image, face, { margin, align, square: true }));
      return {
        width: image.width,
        height: image.height,
        faces: faces.map((face) => ({
          ...face,
          quality: faceQuality(face, image, pixelsOf(image, face, {})),
          attributes: {},
        })),
      };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof VitrailError)) throw error;
      return error;
    }
  }

  private async addAttributes(results: readonly FaceAnalysis[], crops: Image[], signal?: AbortSignal): Promise<void> {
    const faces = results.flatMap((result) => result.faces);
    const failures = new Map(this.settings.failures);
    if (faces.length > 0)
      for (const entry of this.models.all) await this.runModel(entry, faces, crops, failures, signal);
    if (failures.size > 0) for (const result of results) result.failures = Object.fromEntries(failures);
  }

  /** Reads one model's attributes, and the vectors if they are its, out of one pass. */
  private async runModel(
    { model, readers }: AttributeModel,
    faces: readonly AnalyzedFace[],
    crops: Image[],
    failures: Map<string, AttributeFailure>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { batch, onError, embedder } = this.settings;
    const names = [...readers.keys()];
    const embeds = embedder?.model === model;
    const outputs: FaceOutput[] = [];
    if (names.length > 0) outputs.push("logits");
    if (embeds) outputs.push("embedding");
    const whose = names.length > 0 ? `Attribute "${names.join(`", "`)}"` : "The face vectors";
    let answers: RunResult<FaceOutput>[];
    try {
      answers = await naming(whose, { attribute: names[0] }, () =>
        model.run(crops, { outputs, batch, ...(signal && { signal }) }),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (onError === "throw" || !(error instanceof VitrailError)) throw error;
      for (const name of names) failures.set(name, { code: error.code, message: error.message });
      if (embeds) failures.set("embed", { code: error.code, message: error.message });
      return;
    }
    for (const [index, { logits, embedding }] of answers.entries()) {
      for (const [name, read] of readers) {
        const activation = isKnownAttribute(name) ? "softmax" : model.config.activation;
        faces[index]!.attributes[name] = read(scoresOf(logits.data, activation));
      }
      if (embeds) faces[index]!.vector = embedding.data;
    }
  }
}

function pixelsOf(image: Image, face: Face, options: CropFaceOptions): Image {
  const side = Math.max(face.box.width, face.box.height) * (1 + 2 * (options.margin ?? 0));
  const size = side > LARGEST_CROP ? { size: LARGEST_CROP, square: options.square ?? false } : {};
  return cropFace(image, face, { ...options, ...size }).image;
}
