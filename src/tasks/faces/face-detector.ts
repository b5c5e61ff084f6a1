import type { Image } from "../../images/image.js";
import type { BoxModel } from "../../models/box-model.js";
import { ForwardPass } from "../forward-pass.js";
import { type ImageInput, readImage } from "../image-input.js";
import { checkOptionNames, realOption, wholeOption } from "../options.js";
import { boxCenters } from "./box-centers.js";
import { decodeDetections } from "./decode-detections.js";
import { type Face, faceInPicture } from "./face.js";
import type { FaceModel } from "./face-models.js";
import { letterbox } from "./letterbox.js";
import { weightedNms } from "./weighted-nms.js";

export interface DetectOptions {
  /** Least score of a face, 0 to 1. Default: as the detector was loaded. */
  minScore?: number;
  /** Keeps only the best. Default: all. */
  maxFaces?: number;
  signal?: AbortSignal;
}

/** Finds faces in pictures. Made by `loadFaceDetector`. */
export class FaceDetector {
  private readonly pass: ForwardPass;
  private readonly centers: Float64Array;

  constructor(
    boxModel: BoxModel,
    private readonly settings: Pick<FaceModel, "size" | "grids" | "minScore">,
  ) {
    this.pass = new ForwardPass(boxModel);
    this.centers = boxCenters(settings.size, settings.grids);
  }

  /**
   * The faces of a picture, best first; `[]` when there is none. Of several pictures one list each, in their order.
   *
   * @throws InputError `input/image`, `input/option`, `input/disposed`; ImageError for bytes that can't be decoded; `signal.reason`
   */
  detect(input: ImageInput, options?: DetectOptions): Promise<Face[]>;
  detect(inputs: readonly ImageInput[], options?: DetectOptions): Promise<Face[][]>;
  async detect(input: ImageInput | readonly ImageInput[], options: DetectOptions = {}): Promise<Face[] | Face[][]> {
    checkOptionNames(options, ["minScore", "maxFaces", "signal"]);
    realOption("minScore", options.minScore);
    wholeOption("maxFaces", options.maxFaces, 1);
    if (!isList(input)) return this.detectOne(input, options);
    const results: Face[][] = [];
    for (const one of input) results.push(await this.detectOne(one, options));
    return results;
  }

  /** Gives the weights' memory back, once the detection that may be running has ended. */
  dispose(): Promise<void> {
    return this.pass.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async detectOne(input: ImageInput, { minScore, maxFaces, signal }: DetectOptions): Promise<Face[]> {
    const { size, minScore: usual } = this.settings;
    // Clipping 16-bit gray, as Pillow does, would turn a face white; nothing here is bound to Pillow's way.
    const image = await readImage(input, { gray16: "scale", signal });
    const { pixels, ...place } = letterbox(image, size);
    const raw = await this.pass.run(normalized(pixels), [1, size, size, 3], ["classificators", "regressors"], signal);
    const boxes = { classificators: raw.get("classificators")!.data, regressors: raw.get("regressors")!.data };
    const detections = decodeDetections(boxes, { centers: this.centers, size, minScore: minScore ?? usual });
    return weightedNms(detections)
      .slice(0, maxFaces)
      .map((detection) => faceInPicture(detection, place));
  }
}

/** 0-255 → [-1, 1] */
function normalized({ data }: Image): Float32Array {
  return Float32Array.from(data, (value) => value / 127.5 - 1);
}

function isList(input: ImageInput | readonly ImageInput[]): input is readonly ImageInput[] {
  return Array.isArray(input);
}
