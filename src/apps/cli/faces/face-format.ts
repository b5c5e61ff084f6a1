import { basename } from "node:path";
import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";
import { toDeepface } from "../../../tasks/faces/services/to-deepface.js";
import { toFaceApi } from "../../../tasks/faces/services/to-face-api.js";
import { toScaleflex } from "../../../tasks/faces/services/to-scaleflex.js";
import { toSmartClick } from "../../../tasks/faces/services/to-smart-click.js";

/** Other systems' answers that `--format` can give. */
export const FACE_FORMATS = {
  smartclick: (result: FaceAnalysis) => toSmartClick(result),
  scaleflex: (result: FaceAnalysis, name: string, annotated?: string) =>
    toScaleflex(result, { name: basename(name), ...(annotated && { resultUrl: annotated }) }),
  "face-api": (result: FaceAnalysis) => toFaceApi(result).map((face) => plain(face, face.descriptor)),
  deepface: (result: FaceAnalysis) => toDeepface(result),
} as const;

export type FaceFormat = keyof typeof FACE_FORMATS;

/** Our own document of a picture. */
export function faceDocument(file: string, { faces, ...rest }: FaceAnalysis, withVectors: boolean): object {
  return {
    file,
    ...rest,
    faces: faces.map(({ vector, ...face }) => ({ ...face, ...(withVectors && vector && { vector: [...vector] }) })),
  };
}

/** JSON knows no typed arrays. */
function plain<Value extends object>(value: Value, descriptor?: Float32Array): object {
  return descriptor ? { ...value, descriptor: [...descriptor] } : value;
}
