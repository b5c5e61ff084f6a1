import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";

/** Whether the active backend has a kernel of its own for an op. */
function hasKernel(kernel: string): boolean {
  return getKernel(kernel, getBackend()) !== undefined;
}

/**
 * Runs the active backend's own kernel for an op, or the op's plain TF.js composition where the backend has none.
 * The composition is also what the kernel is tested against.
 *
 * @param inputs by name, or as a list where some are optional: TF.js's tape can't hold a missing name
 */
export function fusedKernel(
  kernel: string,
  inputs: Record<string, Tensor> | Tensor[],
  attributes: object,
  composition: () => Tensor,
): Tensor {
  if (!hasKernel(kernel)) return composition();
  return engine().runKernel(kernel, inputs as NamedTensorMap, attributes as never) as Tensor;
}

/** As `fusedKernel`, for kernels and compositions of several outputs. */
export function fusedKernels<Outputs extends Tensor[]>(
  kernel: string,
  inputs: Record<string, Tensor>,
  attributes: object,
  composition: () => Outputs,
): Outputs {
  if (!hasKernel(kernel)) return composition();
  return engine().runKernel(kernel, inputs as NamedTensorMap, attributes as never) as unknown as Outputs;
}
