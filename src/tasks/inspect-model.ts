import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { HubOptions } from "../io/hub/get-model.js";
import type { ModelConfig } from "../models/model-config.js";
import { attributeOfLabels, limitationsOf } from "./limitations.js";
import { openModel } from "./load-model.js";

/** What a checkpoint is, read without loading it. */
export interface ModelFacts
  extends Pick<ModelConfig, "name" | "architecture" | "labels" | "activation" | "preprocessing"> {
  /** Learned numbers in the file. */
  parameters: number;
  /** Tensors of each dtype. */
  dtypes: Record<string, number>;
  files: { file: string; bytes: number; sha256: string }[];
  /** What a model with these labels can't know; empty for most. */
  limitations: string[];
}

/**
 * @param source as of `loadModel`
 * @throws what `loadModel` throws for files that are missing or broken
 */
export async function inspectModel(source: string, options: HubOptions = {}): Promise<ModelFacts> {
  const { config, checkpoint, files } = await openModel(source, options);
  const tensors = [...checkpoint.tensors.values()];
  await checkpoint.close();
  const dtypes: Record<string, number> = {};
  for (const { dtype } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
  const { name, architecture, labels, activation, preprocessing } = config;
  const attribute = attributeOfLabels(labels);
  return {
    name,
    architecture,
    labels,
    activation,
    preprocessing,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    dtypes,
    files: await Promise.all(
      files.map(async (file) => ({
        file: basename(file),
        bytes: (await stat(file)).size,
        sha256: await sha256Of(file),
      })),
    ),
    limitations: attribute ? limitationsOf([attribute]) : [],
  };
}

/** Of a file, read as a stream. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
