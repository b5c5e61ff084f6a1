import type { Image } from "../../images/image.js";
import type { BoxDetector } from "./box-detector.js";
import type { Face } from "./face.js";
import { wholePicture } from "./look.js";

export interface SearchOptions {
  /** Least score of a face, 0 to 1. Default: the search's own. */
  minScore?: number | undefined;
  /** Least longer side of a face's box, pixels. Default: the search's own. */
  minSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A way to find the faces of a picture. */
export interface FaceSearch {
  /** Best first. */
  find(image: Image, options: SearchOptions): Promise<Face[]>;
  dispose(): Promise<void>;
}

/** One network's one look at the whole picture: what MediaPipe does. */
export class SingleLook implements FaceSearch {
  constructor(private readonly detector: BoxDetector) {}

  async find(image: Image, { minSize = 0, ...options }: SearchOptions): Promise<Face[]> {
    const [faces] = await this.detector.detect(image, [wholePicture(image)], options);
    return faces!.filter(({ box }) => Math.max(box.width, box.height) >= minSize);
  }

  dispose(): Promise<void> {
    return this.detector.dispose();
  }
}
