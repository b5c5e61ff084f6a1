import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { depthwise as depthwiseTask, maxPool as maxPoolTask, windows } from "../tasks/convolution.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { runBands } from "./convolution-bands.js";
import type { Inputs, Kernel, KernelAttributes } from "./define-kernel.js";
import { product } from "./matrix-product.js";

/** So that a task takes some 20 µs. */
const FLOPS_PER_TASK = 1e5;
/** Windows of a picture that are laid out at once: half a second cache's worth would be slower to dispatch, much more would not stay in it. */
const WINDOW_FLOATS = 2 ** 18;

type Geometry = Pick<
  backend_util.Conv2DInfo,
  | "batchSize"
  | "inHeight"
  | "inWidth"
  | "inChannels"
  | "outHeight"
  | "outWidth"
  | "filterHeight"
  | "filterWidth"
  | "strideHeight"
  | "strideWidth"
  | "padInfo"
>;

/** The fields of a window task that follow from TF.js's description, for a range of the output's rows. */
function windowFields(g: Geometry, x: number, y: number, rows: number, flopsPerPixel: number) {
  const rowsPerTask = Math.max(1, Math.round(FLOPS_PER_TASK / (g.outWidth * flopsPerPixel)));
  return {
    rowsPerTask,
    rows,
    x,
    y,
    height: g.inHeight,
    width: g.inWidth,
    channels: g.inChannels,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    filterHeight: g.filterHeight,
    filterWidth: g.filterWidth,
    strideDown: g.strideHeight,
    strideAcross: g.strideWidth,
    padTop: g.padInfo.top,
    padLeft: g.padInfo.left,
  };
}

function geometry(
  inputs: Inputs,
  { strides, pad, dilations, dimRoundingMode }: KernelAttributes,
  kind: "full" | "depthwise",
) {
  const filter = inputs.filter!.shape as [number, number, number, number];
  return backend_util.computeConv2DInfo(
    inputs.x!.shape as [number, number, number, number],
    filter,
    strides,
    dilations ?? [1, 1],
    pad,
    dimRoundingMode,
    kind === "depthwise",
  );
}

/** What the kernels here compute; the CPU's do the rest. */
function isUsual({ filter, bias }: Inputs, attributes: KernelAttributes, channels: number): boolean {
  const { dataFormat, dilations, activation } = attributes;
  return (
    (dataFormat === undefined || dataFormat === "NHWC") &&
    [dilations ?? 1].flat().every((dilation) => dilation === 1) &&
    (activation == null || activation === "linear" || activation === "relu") &&
    (!bias || util.sizeFromShape(bias.shape) === channels) &&
    filter !== undefined
  );
}

/** Weights up to this many stay in the second cache while one band of the output after the other is computed. */
const BAND_WEIGHTS = 2 ** 16;

/** Whether there is enough to do in rows of the output for all threads, with all weights each. */
function isBandwise(g: Geometry, weights: number): boolean {
  const isSquare = g.filterHeight === g.filterWidth && g.strideHeight === g.strideWidth;
  return isSquare && g.outHeight > 1 && weights <= BAND_WEIGHTS;
}

/** A 1 × 1 convolution is a product as it is; small ones are computed band by band; others are products of their windows, some rows at a time. */
function convolve(backend: VitrailBackend, inputs: Inputs, attributes: KernelAttributes): TensorInfo {
  const { x, filter, bias } = inputs;
  const g = geometry(inputs, attributes, "full");
  const out = backend.output(g.outShape);
  const k = g.filterHeight * g.filterWidth * g.inChannels;
  const columns = g.outChannels;
  const shared = {
    panels: backend.panels(filter!, k, columns, "k"),
    k,
    columns,
    epilogue: attributes.activation === "relu" ? "relu" : "none",
    ...(bias && { bias: backend.address(bias) }),
  } as const;
  const source = backend.address(x!);
  const isPointwise = k === g.inChannels && g.strideHeight === 1 && g.padInfo.top === 0 && g.padInfo.left === 0;
  if (isPointwise && g.strideWidth === 1) {
    product(backend, { ...shared, a: source, c: out.start, rows: g.batchSize * g.outHeight * g.outWidth });
    return out;
  }
  if (isBandwise(g, k * columns)) {
    const { top: padTop, left: padLeft } = g.padInfo;
    const geometry = { ...g, side: g.filterHeight, stride: g.strideHeight, padTop, padLeft };
    const bias = shared.bias ?? backend.zeros(columns);
    const isRelu = shared.epilogue === "relu";
    const bands = { geometry, x: source, y: out.start, panels: shared.panels, bias, k, columns, isRelu };
    runBands(backend, bands);
    return out;
  }
  // Whole pictures or parts of one, so that memory does not grow with the batch.
  const pictureRows = Math.max(1, Math.min(g.outHeight, Math.floor(WINDOW_FLOATS / (k * g.outWidth))));
  const laidOut = backend.scratch(pictureRows * g.outWidth * k * 4);
  const pictureBytes = g.inHeight * g.inWidth * g.inChannels * 4;
  for (let picture = 0; picture < g.batchSize; picture++)
    for (let row = 0; row < g.outHeight; row += pictureRows) {
      const rows = Math.min(pictureRows, g.outHeight - row);
      const fields = windowFields(g, source + picture * pictureBytes, laidOut, rows, k);
      // The part's first row is the task's row 0.
      const values = { ...fields, padTop: g.padInfo.top - row * g.strideHeight };
      backend.pool.run(windows, values, Math.ceil(rows / fields.rowsPerTask));
      const done = (picture * g.outHeight + row) * g.outWidth;
      product(backend, { ...shared, a: laidOut, c: out.start + done * columns * 4, rows: rows * g.outWidth });
    }
  return out;
}

export const conv2d: Kernel = {
  name: "Conv2D",
  accepts: (inputs, attributes) => isUsual(inputs, attributes, inputs.filter!.shape[3]!),
  compute: convolve,
};
export const fusedConv2d: Kernel = { ...conv2d, name: "FusedConv2D" };

function convolveDepthwise(backend: VitrailBackend, inputs: Inputs, attributes: KernelAttributes): TensorInfo {
  const { x, filter, bias } = inputs;
  const g = geometry(inputs, attributes, "depthwise");
  const out = backend.output(g.outShape);
  const rows = g.batchSize * g.outHeight;
  const flopsPerPixel = 2 * g.filterHeight * g.filterWidth * g.inChannels;
  const fields = windowFields(g, backend.address(x!), out.start, rows, flopsPerPixel);
  const more = {
    filter: backend.address(filter!),
    bias: bias ? backend.address(bias) : backend.zeros(g.inChannels + 8),
    isRelu: attributes.activation === "relu" ? 1 : 0,
  };
  backend.pool.run(depthwiseTask, { ...fields, ...more }, Math.ceil(rows / fields.rowsPerTask));
  return out;
}

export const depthwiseConv2d: Kernel = {
  name: "DepthwiseConv2dNative",
  accepts: (inputs, attributes) =>
    inputs.filter!.shape[3] === 1 && isUsual(inputs, attributes, inputs.filter!.shape[2]!),
  compute: convolveDepthwise,
};
export const fusedDepthwiseConv2d: Kernel = { ...depthwiseConv2d, name: "FusedDepthwiseConv2D" };

export const maxPool: Kernel = {
  name: "MaxPool",
  compute(backend, { x }, { filterSize, strides, pad, dimRoundingMode }) {
    const shape = x!.shape as [number, number, number, number];
    const g = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const out = backend.output(g.outShape);
    const rows = g.batchSize * g.outHeight;
    const fields = windowFields(g, backend.address(x!), out.start, rows, g.filterHeight * g.filterWidth * g.inChannels);
    backend.pool.run(maxPoolTask, fields, Math.ceil(rows / fields.rowsPerTask));
    return out;
  },
};
