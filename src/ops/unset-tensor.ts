import { backend, engine, type Tensor, type TensorInfo, zeros } from "@tensorflow/tfjs-core";

/** What a backend can offer for weights that something else will fill. */
interface UnsetMaker {
  /** Zeros that take no memory until something reads them. */
  unset(shape: number[]): TensorInfo;
}

/** Zeros `[...shape]`, for weights that a checkpoint will replace: without memory, where the active backend has a way for that. */
export function unsetTensor(shape: number[]): Tensor {
  const active = backend();
  if (!("unset" in active)) return zeros(shape);
  return engine().makeTensorFromTensorInfo((active as typeof active & UnsetMaker).unset(shape), active);
}
