import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";

type KernelAttributes = Parameters<ReturnType<typeof engine>["runKernel"]>[2];

/**
 * Runs the active backend's own kernel for an op, or the op's plain TF.js composition where the backend has none.
 * The composition is also what the kernel is tested against.
 */
export function fusedKernel(
  kernel: string,
  inputs: Record<string, Tensor>,
  attributes: Record<string, unknown>,
  composition: () => Tensor,
): Tensor {
  if (getKernel(kernel, getBackend()) === undefined) return composition();
  return engine().runKernel(kernel, inputs as NamedTensorMap, attributes as KernelAttributes) as Tensor;
}
