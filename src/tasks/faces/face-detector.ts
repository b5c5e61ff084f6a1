import { type ImageInput, readImage } from "../image-input.js";
import { checkOptionNames, rangeOption, realOption, wholeOption } from "../options.js";
import type { Face } from "./face.js";
import type { FaceSearch } from "./face-search.js";

export interface DetectOptions {
  /** Least score of a face, 0 to 1. Default: as the detector was loaded. */
  minScore?: number;
  /** Keeps only the best. Default: all. */
  maxFaces?: number;
  /** Least longer side of a face's box, in pixels. Default: any; with `"auto"`, 1/40 of the longer side but 24 at least. */
  minSize?: number;
  signal?: AbortSignal;
}

/** Finds faces in pictures. Made by `loadFaceDetector`. */
export class FaceDetector {
  constructor(
    private readonly search: FaceSearch,
    private readonly minScore: number | undefined,
  ) {}

  /**
   * The faces of a picture, best first; `[]` when there is none. Of several pictures one list each, in their order.
   *
   * @throws InputError `input/image`, `input/option`, `input/disposed`; ImageError for bytes that can't be decoded; `signal.reason`
   */
  detect(input: ImageInput, options?: DetectOptions): Promise<Face[]>;
  detect(inputs: readonly ImageInput[], options?: DetectOptions): Promise<Face[][]>;
  async detect(input: ImageInput | readonly ImageInput[], options: DetectOptions = {}): Promise<Face[] | Face[][]> {
    checkOptionNames(options, ["minScore", "maxFaces", "minSize", "signal"]);
    realOption("minScore", options.minScore);
    wholeOption("maxFaces", options.maxFaces, 1);
    rangeOption("minSize", options.minSize, 0, Number.MAX_SAFE_INTEGER);
    if (!isList(input)) return this.detectOne(input, options);
    const results: Face[][] = [];
    for (const one of input) results.push(await this.detectOne(one, options));
    return results;
  }

  /** Gives the weights' memory back, once the detection that may be running has ended. */
  dispose(): Promise<void> {
    return this.search.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async detectOne(input: ImageInput, { minScore, maxFaces, minSize, signal }: DetectOptions): Promise<Face[]> {
    // Clipping 16-bit gray, as Pillow does, would turn a face white; nothing here is bound to Pillow's way.
    const image = await readImage(input, { gray16: "scale", signal });
    const faces = await this.search.find(image, { minScore: minScore ?? this.minScore, minSize, signal });
    return faces.slice(0, maxFaces);
  }
}

function isList(input: ImageInput | readonly ImageInput[]): input is readonly ImageInput[] {
  return Array.isArray(input);
}
