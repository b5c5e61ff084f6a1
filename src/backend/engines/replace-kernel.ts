import { getKernel, type KernelConfig, type KernelFunc, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";

const replacements = new WeakSet<KernelFunc>();

/** Puts a kernel in the place of a backend's own, once, however often it is asked for. @param make gets the backend's own */
export function replaceKernel(name: string, backend: string, make: (original: KernelConfig) => KernelFunc): void {
  const original = getKernel(name, backend);
  if (replacements.has(original.kernelFunc)) return;
  const kernelFunc = make(original);
  replacements.add(kernelFunc);
  unregisterKernel(name, backend);
  registerKernel({ ...original, kernelFunc });
}
