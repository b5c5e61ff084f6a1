import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Image } from "../src/images/image.js";
import { loadModel } from "../src/index.js";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { toFloat32 } from "../src/io/to-float32.js";
import { writeSafetensorsFile } from "../src/io/write-safetensors-file.js";
import { assembleModel } from "../src/models/assemble-model.js";
import type { ModelConfig } from "../src/models/model-config.js";
import type { Operation } from "../src/nn/operation.js";
import type { Comparison } from "../src/tasks/compare.js";
import { ForwardPass } from "../src/tasks/forward-pass.js";
import { openModel } from "../src/tasks/load-model.js";
import { VisionModel } from "../src/tasks/vision-model.js";
import type { ConformanceCase } from "./cases.js";
import { folderOf } from "./examples.js";
import { runCase } from "./run-case.js";

/** A model's files, to be changed in place. */
export interface ModelFolder {
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of other libraries, of which a fault changes any part
  config: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  preprocessor: any;
  tensors: Map<string, { shape: readonly number[]; values: Float32Array }>;
}

/** What a mistake would do, at the place where it would be made. */
export type Change =
  /** In what is read from the folder. */
  | { files(folder: ModelFolder): void }
  /** In what the reader of configs understands. */
  | { understood(config: ModelConfig): ModelConfig }
  /** In the pixels. */
  | { picture(image: Image): Image }
  /** In the code of a layer. */
  | { layer: LayerChange };

export type LayerChange = { prototype: Operation; compute(this: Operation, inputs: Tensor[]): Tensor };

/** Another computation for a kind of layer. `original` is what it would compute without the fault. */
export function changedLayer<Layer extends Operation>(
  kind: { readonly prototype: Layer },
  compute: (layer: Layer, inputs: Tensor[], original: (inputs: Tensor[]) => Tensor) => Tensor,
): { layer: LayerChange } {
  const { compute: original } = kind.prototype as unknown as LayerChange;
  return {
    layer: {
      prototype: kind.prototype,
      compute(inputs) {
        return compute(this as Layer, inputs, (given) => original.call(this, given));
      },
    },
  };
}

/** Runs a case with a mistake in it. */
export async function runCaseWith(change: Change, test: ConformanceCase): Promise<Comparison[]> {
  if ("picture" in change) return runCase(loadModel, test, { picture: change.picture });
  if ("understood" in change) return runCase(loadWith(change.understood), test);
  if ("layer" in change) return runWithLayer(change.layer, test);
  const folder = await mkdtemp(join(tmpdir(), "vitrail-fault-"));
  try {
    await writeChanged(await folderOf(test), folder, change.files);
    return await runCase(loadModel, test, { folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `loadModel`, but with another understanding of the config. */
function loadWith(understood: (config: ModelConfig) => ModelConfig): typeof loadModel {
  return async (folder, { interpolate = false } = {}) => {
    const { config, checkpoint } = await openModel(folder);
    try {
      const assembled = assembleModel(understood(config), checkpoint, { interpolate });
      return new VisionModel(assembled.config, new ForwardPass(assembled.transformer));
    } finally {
      await checkpoint.close();
    }
  };
}

async function runWithLayer({ prototype, compute }: LayerChange, test: ConformanceCase): Promise<Comparison[]> {
  const patched = prototype as unknown as { compute: LayerChange["compute"] };
  const original = patched.compute;
  patched.compute = compute;
  try {
    return await runCase(loadModel, test);
  } finally {
    patched.compute = original;
  }
}

async function writeChanged(from: string, to: string, change: (folder: ModelFolder) => void): Promise<void> {
  const json = async (file: string) => JSON.parse(await readFile(join(from, file), "utf8"));
  const hasPreprocessor = (await readdir(from)).includes("preprocessor_config.json");
  const file = readSafetensors(await readFile(join(from, "model.safetensors")));
  const folder: ModelFolder = {
    config: await json("config.json"),
    preprocessor: hasPreprocessor ? await json("preprocessor_config.json") : undefined,
    tensors: new Map(
      [...file.tensors].map(([name, { dtype, shape, bytes }]) => [name, { shape, values: toFloat32(bytes, dtype) }]),
    ),
  };
  change(folder);
  await writeFile(join(to, "config.json"), JSON.stringify(folder.config));
  if (hasPreprocessor) await writeFile(join(to, "preprocessor_config.json"), JSON.stringify(folder.preprocessor));
  const tensors = [...folder.tensors].map(([name, { shape, values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return [name, { dtype: "F32" as const, shape, bytes }] as const;
  });
  await writeSafetensorsFile(join(to, "model.safetensors"), tensors);
}
