import { broadcast_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { type Kernel, type KernelAttributes, runCpuKernel } from "./define-kernel.js";
import { product } from "./matrix-product.js";
import { transposeMatrix } from "./transpose.js";

interface MatMulInputs {
  a: TensorInfo;
  b: TensorInfo;
  bias?: TensorInfo;
}

function matMul(
  backend: VitrailBackend,
  { a, b, bias }: MatMulInputs,
  attributes: KernelAttributes,
  epilogue: "none" | "relu",
) {
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const rows = transposeA ? aColumns : aRows;
  const k = transposeA ? aRows : aColumns;
  const columns = transposeB ? bRows : bColumns;
  const inner = transposeB ? bColumns : bRows;
  if (a.shape.length < 2 || b.shape.length < 2 || k !== inner)
    throw new EngineError(
      "engine/shape",
      `A product of [${a.shape}] and [${b.shape}] has inner sizes ${k} and ${inner}.`,
      {
        details: { a: a.shape, b: b.shape, transposeA, transposeB },
      },
    );
  const lies = transposeB ? "columns" : "k";
  const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batchA = util.sizeFromShape(a.shape.slice(0, -2));
  const batchB = util.sizeFromShape(b.shape.slice(0, -2));
  const batch = Math.max(batchA, batchB);
  const out = backend.output([...outer, rows, columns]);
  const source = backend.address(a);
  const shared = { k, columns, epilogue, ...(bias && { bias: backend.address(bias) }) };
  if (batchB === 1 && !transposeA) {
    product(backend, {
      ...shared,
      a: source,
      panels: backend.panels(b, k, columns, lies),
      c: out.start,
      rows: batch * rows,
    });
    return out;
  }
  for (let i = 0; i < batch; i++) {
    const own = source + (i % batchA) * aRows * aColumns * 4;
    backend.withScratch(() =>
      product(backend, {
        ...shared,
        a: transposeA ? transposed(backend, own, aRows, aColumns) : own,
        panels: backend.panels(b, k, columns, lies, i % batchB),
        c: out.start + i * rows * columns * 4,
        rows,
      }),
    );
  }
  return out;
}

function transposed(backend: VitrailBackend, x: number, rows: number, columns: number): number {
  const y = backend.scratch(rows * columns * 4);
  transposeMatrix(backend, x, y, rows, columns);
  return y;
}

export const batchMatMul: Kernel = {
  name: "BatchMatMul",
  compute: (backend, inputs, attributes) => matMul(backend, inputs as never, attributes, "none"),
};

/** TF.js's names of activations that one of its kernels computes. */
const ACTIVATIONS: Record<string, string> = { relu6: "Relu6", elu: "Elu", sigmoid: "Sigmoid" };
const FUSED = new Set([undefined, null, "linear", "relu"]);

export const fusedMatMul: Kernel = {
  name: "_FusedMatMul",
  accepts: ({ b, bias }, { activation, transposeB }) =>
    (FUSED.has(activation) || activation in ACTIVATIONS) &&
    (!bias || util.sizeFromShape(bias.shape) === b!.shape.at(transposeB ? -2 : -1)),
  compute(backend, inputs, attributes) {
    const { activation } = attributes;
    const sum = matMul(backend, inputs as never, attributes, activation === "relu" ? "relu" : "none");
    if (FUSED.has(activation)) return sum;
    const out = runCpuKernel(ACTIVATIONS[activation]!, backend, { x: sum }, {});
    backend.disposeIntermediateTensorInfo(sum);
    return out;
  },
};
