import { join } from "node:path";
import { VitrailError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import type { Dtype } from "../../io/dtypes.js";
import { readJsonFile } from "../../io/json-file.js";
import { makeFolder } from "../../io/make-folder.js";
import { replaceFile } from "../../io/replace-file.js";
import { toFloat32 } from "../../io/to-float32.js";
import type { TensorToWrite } from "../../io/write-safetensors.js";
import { type BytesOrSource, writeSafetensorsFile } from "../../io/write-safetensors-file.js";
import { SCALE_SUFFIX } from "../../models/checkpoint-names.js";
import { quantizationEntry } from "../../models/quantization-config.js";
import { ATTENTION, type QuantizableLayer } from "./quantizable-layers.js";
import { roundToHalves, roundToIntegers } from "./round-weights.js";

export interface QuantizedFolder {
  /** The model's own folder, for its configs. */
  source: string;
  checkpoint: Checkpoint;
  layers: readonly QuantizableLayer[];
  dtype: "int8" | "float16";
  /** Names of layers that stay as they are stored, and `ATTENTION`. */
  kept: ReadonlySet<string>;
}

/** Writes a folder that `loadModel` takes, see `docs/formats/quantized-folder.md`. At most one tensor is in memory. */
export async function writeQuantized(
  folder: string,
  { source, checkpoint, layers, dtype, kept }: QuantizedFolder,
): Promise<void> {
  await makeFolder(folder);
  const config = await readJsonFile(join(source, "config.json"));
  const entry = quantizationEntry({
    dtype: "int8",
    attention: kept.has(ATTENTION) ? "float32" : "int8",
    kept: [...kept].filter((name) => name !== ATTENTION),
  });
  await writeJson(join(folder, "config.json"), {
    ...config,
    ...(dtype === "int8" && { quantization_config: entry }),
  });
  const preprocessor = await readJsonFile(join(source, "preprocessor_config.json")).catch((error) => {
    if (error instanceof VitrailError && error.code === "checkpoint/file-missing") return undefined;
    throw error;
  });
  if (preprocessor) await writeJson(join(folder, "preprocessor_config.json"), preprocessor);
  const quantized = new Set(layers.filter(({ name }) => !kept.has(name)).map(({ name }) => `${name}.weight`));
  const tensors = [...checkpoint.tensors.keys()].flatMap((name) =>
    quantized.has(name) ? roundedTensors(checkpoint, name, dtype) : [asStored(checkpoint, name)],
  );
  await writeSafetensorsFile(join(folder, "model.safetensors"), tensors, { format: "pt" });
}

type Tensor = [string, TensorToWrite<BytesOrSource>];

function asStored(checkpoint: Checkpoint, name: string): Tensor {
  const { dtype, shape } = checkpoint.tensors.get(name)!;
  return [name, { dtype, shape, bytes: () => checkpoint.readBytes(name) }];
}

function roundedTensors(checkpoint: Checkpoint, name: string, dtype: "int8" | "float16"): Tensor[] {
  const { shape } = checkpoint.tensors.get(name)!;
  const rows = shape[0]!;
  const tensor = (suffix: string, dtype: Dtype, shape: readonly number[], make: (w: Float32Array) => ArrayBufferView) =>
    [
      name + suffix,
      {
        dtype,
        shape,
        bytes: async () => {
          const { buffer, byteOffset, byteLength } = make(await readWeight(checkpoint, name));
          return new Uint8Array(buffer, byteOffset, byteLength);
        },
      },
    ] as Tensor;
  if (dtype === "float16") return [tensor("", "F16", shape, (weights) => roundToHalves(weights)!)];
  return [
    tensor("", "I8", shape, (weights) => roundToIntegers(weights, rows).values),
    tensor(SCALE_SUFFIX, "F32", [rows, 1], (weights) => roundToIntegers(weights, rows).scales),
  ];
}

async function readWeight(checkpoint: Checkpoint, name: string): Promise<Float32Array> {
  return toFloat32(await checkpoint.readBytes(name), checkpoint.tensors.get(name)!.dtype);
}

/** Names of the layers with a number that is too large for float16. */
export async function beyondHalves(checkpoint: Checkpoint, layers: readonly QuantizableLayer[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of layers)
    if (roundToHalves(await readWeight(checkpoint, `${name}.weight`)) === undefined) names.push(name);
  return names;
}

export function writeJson(path: string, value: unknown): Promise<void> {
  return writeText(path, `${JSON.stringify(value, null, 2)}\n`);
}

export function writeText(path: string, text: string): Promise<void> {
  return replaceFile(path, (append) => append(new TextEncoder().encode(text)));
}
