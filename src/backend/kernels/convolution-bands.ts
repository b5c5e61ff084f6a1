import type { FieldValues, Task } from "../task.js";
import { CHANNELS_PER_STEP, PIXELS_PER_STEP, type windowBand } from "../tasks/convolution-band.js";
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
  panels: number;
  bias: number;
  /** Of the product that each band ends in. */
  k: number;
  columns: number;
  isRelu: boolean;
  shortcut?: { address: number; channels: number; pooled: 1 | 2 } | undefined;
}

type BandFields = (typeof windowBand)["fields"];

/** Computes a convolution in bands of rows on all threads. */
export function runBands<More extends Record<string, "int">>(
  backend: VitrailBackend,
  task: Task<BandFields & More>,
  { geometry: g, shortcut, isRelu, ...rest }: Bands,
  more: FieldValues<More>,
): void {
  const { k, columns } = rest;
  const width = backend.plan.wide.columns;
  const sumColumns = Math.ceil(columns / width) * width;
  const rowFlops = 2 * g.outWidth * (k * sumColumns + g.side ** 2 * g.inChannels);
  const wanted = Math.max(1, Math.min(g.outHeight, Math.round(FLOPS_PER_TASK / rowFlops)));
  const bands = Math.ceil(g.outHeight / wanted);
  const rowsPerTask = Math.ceil(g.outHeight / bands);
  const leftStride = Math.ceil(k / CHANNELS_PER_STEP) * CHANNELS_PER_STEP * 4;
  const frameWidth = (g.outWidth - 1) * g.stride + g.side;
  const frameRows = (rowsPerTask - 1) * g.stride + g.side;
  const pixels = rowsPerTask * g.outWidth;
  const [frameBytes, leftBytes, sumBytes] = [
    frameRows * frameWidth * g.inChannels * 4 + SLACK,
    (pixels + PIXELS_PER_STEP) * leftStride + SLACK,
    pixels * sumColumns * 4,
  ].map((bytes) => Math.ceil(bytes / 64) * 64) as [number, number, number];
  const scratchBytes = frameBytes + leftBytes + sumBytes;
  const fields = {
    ...rest,
    rowsPerTask,
    bands,
    height: g.inHeight,
    width: g.inWidth,
    channels: g.inChannels,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    stride: g.stride,
    side: g.side,
    padTop: g.padTop,
    padLeft: g.padLeft,
    frameWidth,
    leftStride,
    shortcut: shortcut?.address ?? 0,
    shortcutChannels: shortcut?.channels ?? 0,
    pooled: shortcut?.pooled ?? 1,
    isRelu: isRelu ? 1 : 0,
    scratch: backend.scratch(scratchBytes * backend.pool.capacity),
    scratchBytes,
    frameBytes,
    leftBytes,
  };
  backend.pool.run(task, { ...fields, ...more } as FieldValues<BandFields & More>, g.batchSize * bands);
}
