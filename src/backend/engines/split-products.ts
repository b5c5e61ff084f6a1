import {
  _FusedMatMul,
  Add,
  BatchMatMul,
  broadcast_util,
  type DataId,
  type DataStorage,
  type DataType,
  Elu,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  Relu,
  Relu6,
  Sigmoid,
  Slice,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { replaceKernel } from "./replace-kernel.js";

/** What is used of TF.js's `BackendWasm`. */
export interface WasmBackend extends KernelBackend {
  readonly wasm: { readonly tfjs: { disposeData(id: number): void } };
  readonly dataIdMap: DataStorage<{ id: number }>;
  getMemoryOffset(dataId: DataId): number;
  /** @param memoryOffset where the numbers are already, bytes */
  makeOutput(shape: number[], dtype: DataType, memoryOffset?: number): TensorInfo;
}

interface Arguments {
  inputs: { a: TensorInfo; b: TensorInfo; bias?: TensorInfo; preluActivationWeights?: TensorInfo };
  backend: WasmBackend;
  attrs: { transposeA: boolean; transposeB: boolean; activation?: string };
}

/** Products that are added up in one chain, as in our own kernels: docs/numerics.md says why. */
const LONGEST_CHAIN = 256;
const NAME = "wasm";
const ACTIVATIONS: Readonly<Record<string, string | undefined>> = {
  relu: Relu,
  relu6: Relu6,
  elu: Elu,
  sigmoid: Sigmoid,
};

/**
 * Has TF.js's WebAssembly backend compute long products of two matrices in parts, whose sums it adds up. Its library adds all products of a
 * sum in one chain, which at 3072 of them loses two thirds of PyTorch's exactness. Products that it does not give to the library (of
 * several matrices, transposed) are added up in blocks of 48 by TF.js already.
 */
export function splitProducts(): void {
  const whole = getKernel(BatchMatMul, NAME);
  for (const name of [BatchMatMul, _FusedMatMul]) replaceKernel(name, NAME, (original) => split(original, whole));
}

function split(original: KernelConfig, whole: KernelConfig): KernelFunc {
  return (args) => {
    const { inputs, backend, attrs } = args as unknown as Arguments;
    const { a, b, bias, preluActivationWeights } = inputs;
    const { transposeA, transposeB, activation = "linear" } = attrs;
    const isMatrix = ({ shape, dtype }: TensorInfo) =>
      dtype === "float32" && util.sizeFromShape(shape.slice(0, -2)) === 1;
    const isSplit =
      isMatrix(a) &&
      isMatrix(b) &&
      !(transposeA || transposeB || preluActivationWeights) &&
      (activation === "linear" || activation in ACTIVATIONS) &&
      b.shape.at(-2)! > LONGEST_CHAIN;
    if (!isSplit) return original.kernelFunc(args);

    const run = ({ kernelFunc }: KernelConfig, given: Record<string, TensorInfo>, attributes = {}) =>
      kernelFunc({ inputs: given, backend, attrs: attributes }) as TensorInfo;
    /** Runs a kernel on intermediate results, which are given up. */
    const consume = (name: string, given: Record<string, TensorInfo>, kept?: TensorInfo) => {
      const result = run(getKernel(name, NAME), given);
      for (const one of Object.values(given)) if (one !== kept) backend.disposeData(one.dataId);
      return result;
    };
    const matrix = (x: TensorInfo): TensorInfo => ({ ...x, shape: x.shape.slice(-2) });
    const part = (first: number, count: number) => {
      const columns = run(
        getKernel(Slice, NAME),
        { x: matrix(a) },
        { begin: [0, first], size: [a.shape.at(-2), count] },
      );
      const rows = rowsOf(matrix(b), first, count, backend);
      const product = run(whole, { a: columns, b: rows }, { transposeA, transposeB });
      backend.disposeData(columns.dataId);
      return product;
    };

    const inner = b.shape.at(-2)!;
    const step = Math.ceil(inner / Math.ceil(inner / LONGEST_CHAIN));
    let sum = part(0, step);
    for (let first = step; first < inner; first += step)
      sum = consume(Add, { a: sum, b: part(first, Math.min(step, inner - first)) });
    if (bias) sum = consume(Add, { a: sum, b: bias }, bias);
    const activate = ACTIVATIONS[activation];
    if (activate) sum = consume(activate, { x: sum });
    const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { ...sum, shape: [...batch, ...sum.shape] };
  };
}

/** Views of matrices' rows, by matrix and by place. The library keeps a packed copy of each for as long as it is known. */
const views = new WeakMap<WasmBackend, WeakMap<DataId, Map<string, TensorInfo>>>();

/** Rows of a matrix as a tensor in the same memory, which lives as long as the matrix does. */
function rowsOf({ dataId, shape }: TensorInfo, first: number, count: number, backend: WasmBackend): TensorInfo {
  const ofBackend = views.get(backend) ?? disposeTogether(backend, new WeakMap());
  const ofMatrix = ofBackend.get(dataId) ?? new Map<string, TensorInfo>();
  ofBackend.set(dataId, ofMatrix);
  const columns = shape[1]!;
  const key = `${first}, ${count} x ${columns}`; // a reshaped tensor has the same data
  const offset = backend.getMemoryOffset(dataId) + first * columns * Float32Array.BYTES_PER_ELEMENT;
  const view = ofMatrix.get(key) ?? backend.makeOutput([count, columns], "float32", offset);
  ofMatrix.set(key, view);
  return view;
}

/** Has a backend forget the views of what it disposes. Their memory is not theirs, so only their names are given up. */
function disposeTogether(backend: WasmBackend, ofBackend: WeakMap<DataId, Map<string, TensorInfo>>): typeof ofBackend {
  views.set(backend, ofBackend);
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const isGone = dispose(dataId, force);
    if (!isGone) return false;
    for (const view of ofBackend.get(dataId)?.values() ?? []) {
      backend.wasm.tfjs.disposeData(backend.dataIdMap.get(view.dataId).id);
      backend.dataIdMap.delete(view.dataId);
    }
    ofBackend.delete(dataId);
    return true;
  };
  return ofBackend;
}
