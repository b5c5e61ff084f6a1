export { VitrailError } from "../errors.js";
export { annotateFaces } from "../tasks/faces/annotate-faces.js";
export { type AffineMatrix, type CropFaceOptions, cropFace, type FaceCrop } from "../tasks/faces/crop-face.js";
export type { Face, Point } from "../tasks/faces/face.js";
export type { DetectOptions, FaceDetector } from "../tasks/faces/face-detector.js";
export type { FaceModelName } from "../tasks/faces/face-models.js";
export { type FaceDetectorOptions, loadFaceDetector } from "../tasks/faces/load-face-detector.js";
export type { ImageInput, RawPixels } from "../tasks/image-input.js";
