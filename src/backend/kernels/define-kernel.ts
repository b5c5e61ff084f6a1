import {
  getKernelsForBackend,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import { BACKEND_NAME, type VitrailBackend } from "../vitrail-backend.js";

export type Inputs = Record<string, TensorInfo>;
// biome-ignore lint/suspicious/noExplicitAny: each kernel knows the attributes that TF.js gives it
export type KernelAttributes = any;

export interface Kernel {
  /** As TF.js knows it. */
  readonly name: string;
  /** Which inputs it takes, all of them float32 and none of them empty; others go to the CPU's kernel. Default: all. */
  accepts?(inputs: Inputs, attributes: KernelAttributes): boolean;
  compute(backend: VitrailBackend, inputs: Inputs, attributes: KernelAttributes): TensorInfo | TensorInfo[];
}

/** Gives our backend all of the CPU backend's kernels, then ours in their place. */
export function registerKernels(kernels: readonly Kernel[]): void {
  const cpu = new Map<string, KernelFunc>();
  for (const kernel of getKernelsForBackend("cpu")) {
    cpu.set(kernel.kernelName, kernel.kernelFunc);
    registerKernel({ ...kernel, backendName: BACKEND_NAME });
  }
  for (const { name, accepts, compute } of kernels) {
    const fallback = cpu.get(name);
    if (fallback) unregisterKernel(name, BACKEND_NAME);
    registerKernel({
      kernelName: name,
      backendName: BACKEND_NAME,
      kernelFunc: (call) => {
        const inputs = call.inputs as Inputs;
        const backend = call.backend as VitrailBackend;
        if (fallback && !(Object.values(inputs).every(isUsual) && (accepts?.(inputs, call.attrs) ?? true)))
          return fallback(call);
        return backend.withScratch(() => compute(backend, inputs, call.attrs));
      },
    });
  }
}

/** Optional inputs may be missing. */
const isUsual = (x: TensorInfo | undefined) => x == null || (x.dtype === "float32" && !x.shape.includes(0));

/** Runs the CPU backend's kernel on our backend, for what a kernel of ours does not do itself. */
export function runCpuKernel(name: string, backend: VitrailBackend, inputs: Inputs, attributes: object): TensorInfo {
  const kernel = getKernelsForBackend("cpu").find(({ kernelName }) => kernelName === name);
  if (!kernel) throw new EngineError("engine/no-kernel", `TF.js's CPU backend has no kernel "${name}".`);
  return kernel.kernelFunc({ inputs, backend, attrs: attributes as never }) as TensorInfo;
}

/** Kernels of ours read addresses, so a shape that does not fit would give wrong numbers and no error. */
export function checkShape(kernel: string, input: string, { shape }: TensorInfo, wanted: readonly number[]): void {
  if (util.arraysEqual(shape, [...wanted])) return;
  throw new EngineError("engine/shape", `"${kernel}" got \`${input}\` as [${shape}]; it has to be [${wanted}].`, {
    details: { kernel, input, found: shape, wanted },
  });
}
