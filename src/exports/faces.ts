export { VitrailError } from "../errors.js";
export { analyzeFaces } from "../tasks/faces/analyze-faces.js";
export type { AgeRange } from "../tasks/faces/attributes/age-range.js";
export type { AttributeFailure, AttributeSource, ModelSource } from "../tasks/faces/attributes/attribute-models.js";
export type { LabelMap } from "../tasks/faces/attributes/attribute-reader.js";
export type { AgeValue, AttributeValue, FaceAttributes } from "../tasks/faces/attributes/attribute-value.js";
export type { Emotion, Gender, Race } from "../tasks/faces/attributes/canonical-labels.js";
export { type ClusterOptions, clusterFaces, type FaceClusters, type FacePlace } from "../tasks/faces/cluster-faces.js";
export { countFaces, type FaceCount } from "../tasks/faces/count-faces.js";
export { type AffineMatrix, type CropFaceOptions, cropFace, type FaceCrop } from "../tasks/faces/crop-face.js";
export type { Face, Point } from "../tasks/faces/face.js";
export type { AnalyzedFace, FaceAnalysis } from "../tasks/faces/face-analysis.js";
export type { FaceAnalyzer } from "../tasks/faces/face-analyzer.js";
export type { DetectOptions, FaceDetector } from "../tasks/faces/face-detector.js";
export {
  type FaceLandmarks,
  type FaceMesh,
  type FaceMeshOptions,
  loadFaceMesh,
} from "../tasks/faces/face-mesh.js";
export type { FaceModelName } from "../tasks/faces/face-models.js";
export type { FaceQuality } from "../tasks/faces/face-quality.js";
export { type FaceAnalyzerOptions, loadFaceAnalyzer } from "../tasks/faces/load-face-analyzer.js";
export {
  type FaceDetectorName,
  type FaceDetectorOptions,
  loadFaceDetector,
} from "../tasks/faces/load-face-detector.js";
export { type AnnotateOptions, annotate, type DrawnFace } from "../tasks/faces/pictures/annotate.js";
export { type ContactSheetOptions, contactSheet, type SheetGroup } from "../tasks/faces/pictures/contact-sheet.js";
export { type RedactOptions, redact } from "../tasks/faces/pictures/redact.js";
export type { AnswerSchema } from "../tasks/faces/services/check-answer.js";
export { fromDeepface } from "../tasks/faces/services/from-deepface.js";
export { fromFaceApi } from "../tasks/faces/services/from-face-api.js";
export { fromScaleflex } from "../tasks/faces/services/from-scaleflex.js";
export { fromSmartClick } from "../tasks/faces/services/from-smart-click.js";
export { scaleflexSchema } from "../tasks/faces/services/scaleflex-schema.js";
export type { ServiceFace, ServiceResult } from "../tasks/faces/services/service-result.js";
export { smartClickSchema } from "../tasks/faces/services/smart-click-schema.js";
export { type DeepfaceFace, toDeepface } from "../tasks/faces/services/to-deepface.js";
export { type FaceApiFace, toFaceApi } from "../tasks/faces/services/to-face-api.js";
export {
  type ScaleflexAnswer,
  type ScaleflexFace,
  type ScaleflexOptions,
  toScaleflex,
} from "../tasks/faces/services/to-scaleflex.js";
export { type SmartClickFace, toSmartClick } from "../tasks/faces/services/to-smart-click.js";
export type { ImageInput, RawPixels } from "../tasks/image-input.js";
export { limitationsOf } from "../tasks/limitations.js";
export { FaceReport, type FaceReportOptions } from "../tasks/reports/face-report.js";
