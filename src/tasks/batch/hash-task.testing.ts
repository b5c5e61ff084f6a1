import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ImageError } from "../../errors.js";
import type { BatchTask, Outcome } from "./batch-task.js";

/**
 * A task without a model: what it says of a picture follows from its bytes alone, and it takes its time. Bytes that begin with "bad" are no picture.
 *
 * @param milliseconds for each group of three
 */
export function hashTask(milliseconds = 0): BatchTask {
  return {
    fingerprint: { kind: "hash" },
    columns: [
      { name: "digest", kind: "text", of: ({ digest }) => digest },
      { name: "numbers", kind: "floats", of: ({ numbers }) => numbers },
    ],
    groupSize: 3,
    async answer(pictures, signal) {
      if (milliseconds > 0) await sleep(milliseconds, undefined, { signal });
      return pictures.map(outcomeOf);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function outcomeOf(bytes: Uint8Array): Outcome {
  if (new TextDecoder().decode(bytes.subarray(0, 3)) === "bad")
    return { error: new ImageError("image/unsupported-format", 'No picture, "really",\nnot one.') };
  const digest = createHash("sha256").update(bytes).digest();
  return { fields: { digest: digest.toString("hex"), numbers: [...digest.subarray(0, 4)].map((byte) => byte / 256) } };
}
