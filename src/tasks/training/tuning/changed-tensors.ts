import type { Checkpoint } from "../../../io/checkpoint.js";
import type { Dtype } from "../../../io/dtypes.js";
import { toFloat32 } from "../../../io/to-float32.js";
import type { TensorToWrite } from "../../../io/write-safetensors.js";
import type { BytesOrSource } from "../../../io/write-safetensors-file.js";
import { translateNames } from "../../../models/checkpoint-names.js";
import type { TunedModel } from "./tuned-model.js";

/** The tensors of a model's own file that training changed, as float32, under the file's names. They are made when they are written. */
export function changedTensors(tuned: TunedModel, checkpoint: Checkpoint): Map<string, TensorToWrite<BytesOrSource>> {
  const { architecture, unusedWeights } = tuned.model.config;
  const gated = architecture.mlp.kind !== "plain";
  const stored = translateNames(checkpoint.tensors, { gated, unused: unusedWeights }).weights;
  // Several of our weights may be stored as one tensor.
  const files = new Set(tuned.changed.map((name) => stored.get(name)!.name));
  return new Map(
    [...files].map((file) => {
      const { dtype, shape } = checkpoint.tensors.get(file)!;
      const bytes = async () => {
        const values = toFloat32(await checkpoint.readBytes(file), dtype as Dtype);
        const rowLength = values.length / (shape[0] ?? 1);
        for (const name of tuned.changed) {
          const part = stored.get(name)!;
          if (part.name === file) values.set(await tuned.weight(name), part.firstRow * rowLength);
        }
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      };
      return [file, { dtype: "F32", shape, bytes }];
    }),
  );
}
