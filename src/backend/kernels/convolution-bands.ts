import { CHANNELS_PER_STEP, PIXELS_PER_STEP, separableBand, windowBand } from "../tasks/convolution-band.js";
import type { VitrailBackend } from "../vitrail-backend.js";

/** So that a task takes some 5 µs, and its numbers stay in the first cache. */
const FLOPS_PER_TASK = 2e5;
/** Vectors are written a little past the end of what they belong to. */
const SLACK = 64;

/** A convolution with square filters; lengths in pixels. */
export interface BandGeometry {
  batchSize: number;
  inHeight: number;
  inWidth: number;
  inChannels: number;
  outHeight: number;
  outWidth: number;
  side: number;
  stride: number;
  padTop: number;
  padLeft: number;
}

export interface Bands {
  geometry: BandGeometry;
  /** Addresses. */
  x: number;
  y: number;
  /** Of the depthwise filters; without them each window is multiplied as it is. */
  depthwise?: { filter: number; bias: number };
  panels: number;
  bias: number;
  /** Of the product that each band ends in. */
  k: number;
  columns: number;
  isRelu: boolean;
  shortcut?: { address: number; channels: number; pooled: 1 | 2 } | undefined;
}

/** Computes a convolution, or a depthwise one and a product, in bands of rows on all threads. */
export function runBands(backend: VitrailBackend, bands: Bands): void {
  const { geometry: g, k, columns, depthwise, shortcut } = bands;
  const width = backend.plan.wide.columns;
  const sumColumns = Math.ceil(columns / width) * width;
  const rowFlops = 2 * g.outWidth * (k * sumColumns + g.side ** 2 * g.inChannels);
  const wanted = Math.max(1, Math.min(g.outHeight, Math.round(FLOPS_PER_TASK / rowFlops)));
  const perPicture = Math.ceil(g.outHeight / wanted);
  const rowsPerTask = Math.ceil(g.outHeight / perPicture);
  const leftStride = Math.ceil(k / CHANNELS_PER_STEP) * CHANNELS_PER_STEP * 4;
  const frameWidth = (g.outWidth - 1) * g.stride + g.side;
  const frameRows = (rowsPerTask - 1) * g.stride + g.side;
  const pixels = rowsPerTask * g.outWidth;
  const frameBytes = wholeLines(frameRows * frameWidth * g.inChannels * 4 + SLACK);
  const leftBytes = wholeLines((pixels + PIXELS_PER_STEP) * leftStride + SLACK);
  const scratchBytes = frameBytes + leftBytes + wholeLines(pixels * sumColumns * 4);
  // Written out: V8 keeps an object of this size that is put together by spreads as a slow dictionary.
  const fields = {
    rowsPerTask,
    bands: perPicture,
    x: bands.x,
    y: bands.y,
    height: g.inHeight,
    width: g.inWidth,
    channels: g.inChannels,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    columns,
    stride: g.stride,
    side: g.side,
    padTop: g.padTop,
    padLeft: g.padLeft,
    frameWidth,
    k,
    leftStride,
    filter: depthwise ? depthwise.filter : 0,
    filterBias: depthwise ? depthwise.bias : 0,
    panels: bands.panels,
    bias: bands.bias,
    shortcut: shortcut ? shortcut.address : 0,
    shortcutChannels: shortcut ? shortcut.channels : 0,
    pooled: shortcut ? shortcut.pooled : 1,
    isRelu: bands.isRelu ? 1 : 0,
    scratch: backend.scratch(scratchBytes * backend.pool.capacity),
    scratchBytes,
    frameBytes,
    leftBytes,
  };
  backend.pool.run(depthwise ? separableBand : windowBand, fields, g.batchSize * perPicture);
}

/** Bytes of the cache lines that hold so many. */
const wholeLines = (bytes: number) => Math.ceil(bytes / 64) * 64;
