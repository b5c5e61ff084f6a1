import "@tensorflow/tfjs-backend-cpu";
import { findBackend } from "@tensorflow/tfjs-core";

/** Keeps TF.js's plain JavaScript backend from greeting on standard error at its first tensor and advertising tfjs-node. */
export function quietCpuBackend(): void {
  (findBackend("cpu") as unknown as { firstUse: boolean }).firstUse = false;
}
