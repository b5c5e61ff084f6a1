import { BOX_VALUES } from "../../models/box-model.js";
import { sigmoid } from "../sigmoid.js";
import type { Detection } from "./detection.js";

/** MediaPipe clips logits before the sigmoid (`score_clipping_thresh`). Letterbox bands reach 1e4. */
const LOGIT_LIMIT = 100;

/** What the detector gives for one picture. */
export interface RawBoxes {
  /** Logits, `[boxes]`. */
  classificators: Float32Array;
  /** Center x, y, width, height, then six landmarks x, y, in pixels of the input and relative to the box's center; `[boxes, 16]`. */
  regressors: Float32Array;
}

export interface DecodeOptions {
  /** Of each box's cell, `[boxes, 2]`, fractions of the input. */
  centers: Float64Array;
  /** Side of the model's input, pixels. */
  size: number;
  /** Boxes below this are dropped; 0 to 1. */
  minScore: number;
}

/** Reads the boxes that score enough: MediaPipe's TensorsToDetections. Boxes without area or with a NaN are dropped. */
export function decodeDetections({ classificators, regressors }: RawBoxes, options: DecodeOptions): Detection[] {
  const { centers, size, minScore } = options;
  const detections: Detection[] = [];
  for (const [box, logit] of classificators.entries()) {
    const score = sigmoid(Math.min(Math.max(logit, -LOGIT_LIMIT), LOGIT_LIMIT));
    if (!(score >= minScore)) continue;
    const values = regressors.subarray(box * BOX_VALUES, (box + 1) * BOX_VALUES);
    const points = pointsOf(values, centers[2 * box]!, centers[2 * box + 1]!, size);
    const [left, top, right, bottom] = points as unknown as [number, number, number, number];
    if (right > left && bottom > top) detections.push({ score, points });
  }
  return detections;
}

function pointsOf(values: Float32Array, centerX: number, centerY: number, size: number): Float64Array {
  const points = Float64Array.from(values, (value, i) => value / size + (i % 2 === 0 ? centerX : centerY));
  const halfWidth = values[2]! / size / 2;
  const halfHeight = values[3]! / size / 2;
  const [x, y] = points as unknown as [number, number];
  points.set([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight]);
  return points;
}
