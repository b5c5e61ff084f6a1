import { createHash } from "node:crypto";
import { fingerprintOf } from "../search/fingerprint.js";
import type { VisionModel } from "../vision-model.js";

/** Of the picture that a model proves its numbers with: one pass of this many. */
const PICTURES = 2;

/**
 * Which model this is and which numbers it gives here: a hash of its files, and one of what it makes of a fixed picture. The second tells apart what
 * the first can't: weights kept as int8, an engine that rounds elsewhere, another processor's instructions. What changes no bit, such as the
 * number of threads, changes no fingerprint.
 */
export async function modelFingerprint(model: VisionModel, signal?: AbortSignal): Promise<Record<string, string>> {
  const { height, width } = model.config.architecture.image;
  const values = new Float32Array(PICTURES * height * width * 3);
  // Knuth's multiplicative hash: all patches differ, and no random numbers are needed.
  for (let i = 0; i < values.length; i++) values[i] = ((Math.imul(i + 1, 2654435761) >>> 16) / 65536 - 0.5) * 4;
  const outputs = model.labels.length > 0 ? (["logits", "embedding"] as const) : (["embedding"] as const);
  const results = await model.runTensor(values, [PICTURES, height, width, 3], { outputs, ...(signal && { signal }) });
  const numbers = createHash("sha256");
  for (const { data } of Object.values(results))
    numbers.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { files: await fingerprintOf(model), numbers: numbers.digest("hex").slice(0, 32) };
}
