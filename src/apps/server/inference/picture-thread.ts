import { workerData } from "node:worker_threads";
import { decodeImage } from "../../../images/decode-image.js";
import { encodePng } from "../../../images/encode-png.js";
import type { Image } from "../../../images/image.js";
import type { DecodeLimits } from "../../../images/limits.js";
import type { ModelConfig } from "../../../models/model-config.js";
import type { AnalyzedFace } from "../../../tasks/faces/face-analysis.js";
import { annotate } from "../../../tasks/faces/pictures/annotate.js";
import { preparePicture } from "../../../tasks/picture-batch.js";
import { serveThread } from "./serve-thread.js";

/** A picture to decode; with a `plan` also to prepare for a model, with `faces` to draw them in. */
export interface PictureRequest {
  bytes: Uint8Array;
  plan?: { preprocessing: ModelConfig["preprocessing"]; size: { height: number; width: number } };
  faces?: readonly AnalyzedFace[];
}

/** The model's input `[height, width, 3]` where there was a plan, a PNG where there were faces, else the pixels. */
export type PictureReply = Float32Array | Uint8Array | Image;

const limits = workerData as DecodeLimits;

await serveThread<PictureRequest, PictureReply, undefined>(async () => ({
  facts: undefined,
  handle: async ({ bytes, plan, faces }) => {
    // Faces are seen as people see them; a checkpoint sees what it sees in Python.
    const image = await decodeImage(bytes, { ...limits, gray16: plan ? "clip" : "scale" });
    if (faces) {
      const png = encodePng(annotate(image, faces));
      return { reply: png, transfer: [png.buffer as ArrayBuffer] };
    }
    if (!plan) return { reply: image, transfer: [image.data.buffer as ArrayBuffer] };
    const values = new Float32Array(plan.size.height * plan.size.width * 3);
    preparePicture(image, plan.preprocessing, plan.size, values);
    return { reply: values, transfer: [values.buffer] };
  },
}));
