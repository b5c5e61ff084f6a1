import { BACK_CAMERA, blazeFace, SHORT_RANGE } from "../../models/blazeface.js";
import { blazeFaceFullRange, FULL_RANGE } from "../../models/blazeface-full-range.js";
import type { BoxGrid, BoxModel } from "../../models/box-model.js";

/** A detector that can be chosen by name. */
export interface FaceModel {
  build(): BoxModel;
  /** Side of the square input, pixels. */
  readonly size: number;
  readonly grids: readonly BoxGrid[];
  /** Default for the least score: what MediaPipe's graph for this model sets. */
  readonly minScore: number;
}

/**
 * `short`: 128 px, the fastest, finds faces from about 12 % of the longer side; `back`: 256 px, smaller faces, with more false
 * alarms; `full`: 192 px, most faces from about 10 %, few false alarms. Measured in docs/faces.md.
 */
export const FACE_MODELS = {
  short: { build: () => blazeFace(SHORT_RANGE), minScore: 0.5, ...SHORT_RANGE },
  back: { build: () => blazeFace(BACK_CAMERA), minScore: 0.5, ...BACK_CAMERA },
  full: { build: () => blazeFaceFullRange(FULL_RANGE), minScore: 0.6, ...FULL_RANGE },
} as const satisfies Record<string, FaceModel>;

export type FaceModelName = keyof typeof FACE_MODELS;
