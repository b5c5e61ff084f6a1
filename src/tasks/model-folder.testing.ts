import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, type StoredTensor } from "../io/read-safetensors.js";
import { writeSafetensors } from "../io/write-safetensors.js";

const MODELS = join(import.meta.dirname, "../../conformance/models");

/** The path of a committed tiny model. */
export const tinyModel = (name: string) => join(MODELS, name);

export interface FolderChanges {
  config?: (config: Record<string, unknown>) => unknown;
  preprocessor?: (config: Record<string, unknown>) => unknown;
  weights?: (tensors: Map<string, StoredTensor>) => void;
  /** Files to write last: text, bytes, or nothing to remove one. */
  files?: Record<string, string | Uint8Array | undefined>;
}

/** A copy of a tiny model with something changed, for the time of `use`. */
export async function withChangedModel<Result>(
  name: string,
  { config, preprocessor, weights, files = {} }: FolderChanges,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-model-"));
  try {
    cpSync(tinyModel(name), folder, { recursive: true });
    const edit = (file: string, change: (json: Record<string, unknown>) => unknown) => {
      const json = JSON.parse(readFileSync(join(folder, file), "utf8"));
      writeFileSync(join(folder, file), JSON.stringify(change(json) ?? json));
    };
    if (config) edit("config.json", config);
    if (preprocessor) edit("preprocessor_config.json", preprocessor);
    if (weights) {
      const file = readSafetensors(readFileSync(join(folder, "model.safetensors")));
      weights(file.tensors);
      writeFileSync(join(folder, "model.safetensors"), writeSafetensors(file.tensors, file.metadata));
    }
    for (const [file, content] of Object.entries(files)) {
      if (content === undefined) rmSync(join(folder, file));
      else writeFileSync(join(folder, file), content);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
