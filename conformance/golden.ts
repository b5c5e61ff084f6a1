import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../src/io/read-safetensors.js";
import type { TensorError } from "../src/tasks/compare.js";

export interface GoldenTensor {
  shape: number[];
  /** float64 references, float32 inputs or uint8 pictures, as the file has them. */
  values: Float64Array | Float32Array | Uint8Array;
}

/** A reference made by tools/reference: `conformance/goldens/<name>.safetensors` and the facts beside it. */
export interface Golden {
  tensors: ReadonlyMap<string, GoldenTensor>;
  /** PyTorch float32's own error against float64, by tensor: that of its worst run on its worst input. */
  own: Record<string, TensorError>;
  /** Everything else in the JSON file. */
  facts: Record<string, unknown>;
}

const VIEWS = { F64: Float64Array, F32: Float32Array, U8: Uint8Array } as const;

export function readGolden(name: string): Golden {
  const path = join(import.meta.dirname, "goldens", name);
  const { torchFloat32, ...facts } = JSON.parse(readFileSync(`${path}.json`, "utf8"));
  const tensors = new Map<string, GoldenTensor>();
  for (const [tensor, { dtype, shape, bytes }] of readSafetensors(readFileSync(`${path}.safetensors`)).tensors) {
    const View = VIEWS[dtype as keyof typeof VIEWS];
    if (View === undefined) throw new Error(`"${tensor}" of the golden ${name} is ${dtype}.`);
    tensors.set(tensor, { shape: [...shape], values: new View(new Uint8Array(bytes).buffer) }); // copied, so that it is aligned
  }
  return { tensors, own: torchFloat32, facts };
}

/** One input's part of a tensor. `[batch, ...]` → `[...]` */
export function itemOf({ shape: [batch, ...shape], values }: GoldenTensor, index: number): GoldenTensor {
  const size = values.length / batch!;
  return { shape, values: values.subarray(index * size, (index + 1) * size) };
}
