import { withShapesOnly } from "../../backend/shape-backend.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { ownNames } from "../../models/checkpoint-names.js";
import { disposeModel } from "../../models/dispose-model.js";
import { CheckpointWeights } from "../../models/onnx/checkpoint-weights.js";
import type { LayersToTranslate } from "../../models/translate-layers.js";
import { exclusive } from "../exclusive.js";
import { FACE_MODELS, type FaceModelName } from "../faces/face-models.js";
import { packageFile } from "../package-file.js";

/** Which of vitrail's own detectors `blazeface-short`, `-back` or `-full` is; undefined for other models. */
export function faceModelOf(source: string): FaceModelName | undefined {
  const [, name] = /^blazeface-(\w+)$/.exec(source) ?? [];
  return name !== undefined && Object.hasOwn(FACE_MODELS, name) ? (name as FaceModelName) : undefined;
}

/** Has `use` read a face detector's weights. */
export async function withFaceWeights<Result>(
  name: FaceModelName,
  use: (weights: CheckpointWeights) => Promise<Result>,
): Promise<Result> {
  await using checkpoint = await openCheckpoint(packageFile(`weights/blazeface/${name}.safetensors`));
  return await use(new CheckpointWeights(checkpoint, { weights: ownNames(checkpoint.tensors), computed: new Map() }));
}

/** Has `use` look at a face detector's layers, as its builder makes them, without their weights. */
export function faceLayers<Result>(name: FaceModelName, use: (layers: LayersToTranslate) => Result): Promise<Result> {
  const work = () => {
    const { model, outputs } = FACE_MODELS[name].build();
    try {
      return use({ input: model.inputs[0]!, outputs });
    } finally {
      disposeModel(model);
    }
  };
  return exclusive(() => withShapesOnly(work));
}
