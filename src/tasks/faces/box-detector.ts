import { setImmediate as otherWork } from "node:timers/promises";
import type { Image } from "../../images/image.js";
import { BOX_VALUES, type BoxModel } from "../../models/box-model.js";
import { ForwardPass } from "../forward-pass.js";
import { boxCenters } from "./box-centers.js";
import { decodeDetections } from "./decode-detections.js";
import type { Face } from "./face.js";
import type { FaceModel } from "./face-models.js";
import { faceInPicture, type Look, lookPixels } from "./look.js";
import { weightedNms } from "./weighted-nms.js";

/** Looks that go through the network at once: more make it no faster, and take 0.6 MB each of input and maps. */
const BATCH = 8;

/** One network that finds the faces of a look. */
export class BoxDetector {
  private readonly pass: ForwardPass;
  private readonly centers: Float64Array;

  constructor(
    boxModel: BoxModel,
    readonly settings: Pick<FaceModel, "size" | "grids" | "minScore">,
  ) {
    this.pass = new ForwardPass(boxModel);
    this.centers = boxCenters(settings.size, settings.grids);
  }

  /** The faces of each look, best first, in pixels of the picture. Looks are taken one batch after another. */
  async detect(
    image: Image,
    looks: readonly Look[],
    {
      minScore = this.settings.minScore,
      signal,
    }: { minScore?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<Face[][]> {
    const found: Face[][] = [];
    for (let first = 0; first < looks.length; first += BATCH) {
      if (first > 0) await otherWork(); // an abort among it: the threads compute within this one's turn
      const batch = looks.slice(first, first + BATCH);
      const detections = await this.detectBatch(image, batch, minScore, signal);
      for (const [i, look] of batch.entries())
        found.push(detections[i]!.map((detection) => faceInPicture(detection, look)));
    }
    return found;
  }

  dispose(): Promise<void> {
    return this.pass.dispose();
  }

  private async detectBatch(image: Image, looks: readonly Look[], minScore: number, signal?: AbortSignal) {
    const { size } = this.settings;
    const values = new Float32Array(looks.length * size * size * 3);
    for (const [i, look] of looks.entries()) normalizeInto(values, i * size * size * 3, lookPixels(image, look, size));
    const raw = await this.pass.run(values, [looks.length, size, size, 3], ["classificators", "regressors"], signal);
    const boxes = this.centers.length / 2;
    return looks.map((_, i) => {
      const classificators = raw.get("classificators")!.data.subarray(i * boxes, (i + 1) * boxes);
      const regressors = raw.get("regressors")!.data.subarray(i * boxes * BOX_VALUES, (i + 1) * boxes * BOX_VALUES);
      return weightedNms(decodeDetections({ classificators, regressors }, { centers: this.centers, size, minScore }));
    });
  }
}

/** 0-255 → [-1, 1] */
function normalizeInto(values: Float32Array, at: number, { data }: Image): void {
  for (let i = 0; i < data.length; i++) values[at + i] = data[i]! / 127.5 - 1;
}
