import { concat, type Tensor, zeros } from "@tensorflow/tfjs-core";

/**
 * Frames a feature map with zeros. `[batch, height, width, channels]` → `[batch, border + height + border, border + width + border, channels]`
 *
 * By joining tensors, which takes a tenth of the time of `pad` on TF.js's CPU backend.
 */
export function zeroBorder(x: Tensor, border: number): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const rows = zeros([batch, border, width, channels]);
  const columns = zeros([batch, height + 2 * border, border, channels]);
  return concat([columns, concat([rows, x, rows], 1), columns], 2);
}
