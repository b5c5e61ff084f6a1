/**
 * Scales gradients in place so that their length, all of them taken together, is at most `most`, as `torch.nn.utils.clip_grad_norm_` does.
 *
 * @returns their length before
 */
export function clipGradients(gradients: readonly Float32Array[], most: number): number {
  let squares = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!;
  const length = Math.sqrt(squares);
  // PyTorch's guard against a division by 0
  const factor = most / (length + 1e-6);
  if (factor < 1) for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor;
  return length;
}
