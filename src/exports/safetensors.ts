export type { ByteRange, Checkpoint, CheckpointTensor } from "../io/checkpoint.js";
export type { Dtype } from "../io/dtypes.js";
export { openCheckpoint } from "../io/open-checkpoint.js";
export { readSafetensors, type SafetensorsFile, type StoredTensor } from "../io/read-safetensors.js";
export type { ReaderLimits } from "../io/safetensors-header.js";
export { toFloat32, type WidenOptions } from "../io/to-float32.js";
export { WEIGHTS_CODES, type WeightsCode } from "../io/weights-error.js";
export { type TensorsToWrite, type TensorToWrite, writeSafetensors } from "../io/write-safetensors.js";
export { type BytesOrSource, writeSafetensorsFile } from "../io/write-safetensors-file.js";
