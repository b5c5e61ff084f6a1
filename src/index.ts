export { configureEngine, type EngineConfiguration } from "./backend/configure-engine.js";
export { describeEngine, type EngineDescription, type EngineName, type EngineOptions } from "./backend/engine.js";
export type { SkippedEngine } from "./backend/engines/take-engine.js";
export {
  CheckpointError,
  DownloadError,
  EngineError,
  ImageError,
  InputError,
  QuantizationError,
  SearchError,
  TrainingError,
  VitrailError,
  WeightsFileError,
} from "./errors.js";
export type { DownloadProgress } from "./io/hub/byte-progress.js";
export type { HubOptions } from "./io/hub/get-model.js";
export type { ModelConfig, Preprocessing } from "./models/model-config.js";
export type { Size, VisionTransformerConfig } from "./models/vision-transformer.js";
export type { StreamItem } from "./tasks/batches.js";
export type { ClassificationOptions, Label, ScoreActivation } from "./tasks/classification.js";
export { cosineSimilarity, type EmbeddingOptions } from "./tasks/embedding.js";
export { attentionRollout, type Explanation, explain } from "./tasks/explain.js";
export { type ExportOnnxOptions, exportOnnx, exportOnnxBeside } from "./tasks/export/export-onnx.js";
export { type ExportTfjsOptions, exportTfjs } from "./tasks/export/export-tfjs.js";
export type { FeatureOptions, Features } from "./tasks/features.js";
export type { ImageInput, RawPixels } from "./tasks/image-input.js";
export { type LoadModelOptions, loadModel } from "./tasks/load-model.js";
export type { OutputName } from "./tasks/outputs.js";
export type { NumericArray } from "./tasks/pass.js";
export type { Budget } from "./tasks/quantize/budget.js";
export type {
  LayerReport,
  QuantizationReport,
  WorstPicture,
} from "./tasks/quantize/quantization-report.js";
export { quantize } from "./tasks/quantize/quantize.js";
export type { QuantizeOptions, QuantizeProgress } from "./tasks/quantize/quantize-options.js";
export type { CallOptions, RunOptions, RunResult, VisionModel } from "./tasks/vision-model.js";
