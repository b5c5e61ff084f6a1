import { workerData } from "node:worker_threads";
import { decodeImage } from "../../../images/decode-image.js";
import type { Image } from "../../../images/image.js";
import type { DecodeLimits } from "../../../images/limits.js";
import type { ModelConfig } from "../../../models/model-config.js";
import { preparePicture } from "../../../tasks/picture-batch.js";
import { serveThread } from "./serve-thread.js";

/** A picture to decode; with a `plan` also to prepare for a model. */
export interface PictureRequest {
  bytes: Uint8Array;
  plan?: { preprocessing: ModelConfig["preprocessing"]; size: { height: number; width: number } };
}

/** The model's input `[height, width, 3]` where there was a plan, else the pixels. */
export type PictureReply = Float32Array | Image;

const limits = workerData as DecodeLimits;

await serveThread<PictureRequest, PictureReply, undefined>(async () => ({
  facts: undefined,
  handle: async ({ bytes, plan }) => {
    // Faces are seen as people see them; a checkpoint sees what it sees in Python.
    const image = await decodeImage(bytes, { ...limits, gray16: plan ? "clip" : "scale" });
    if (!plan) return { reply: image, transfer: [image.data.buffer as ArrayBuffer] };
    const values = new Float32Array(plan.size.height * plan.size.width * 3);
    preparePicture(image, plan.preprocessing, plan.size, values);
    return { reply: values, transfer: [values.buffer] };
  },
}));
