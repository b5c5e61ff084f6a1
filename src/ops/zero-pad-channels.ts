import { concat, type Tensor, zeros } from "@tensorflow/tfjs-core";

/** Adds channels of zeros after the existing ones. `[batch, height, width, in]` → `[batch, height, width, channels]` */
export function zeroPadChannels(x: Tensor, channels: number): Tensor {
  const [batch, height, width, own] = x.shape as [number, number, number, number];
  // Several times faster than `pad` on TF.js's CPU backend.
  return concat([x, zeros([batch, height, width, channels - own])], 3);
}
