import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile } from "../../io/json-file.js";
import { replaceFile } from "../../io/replace-file.js";
import type { ModelConfig } from "../../models/model-config.js";
import { writeJson } from "../quantize/write-quantized.js";

/** An exported model's outputs, and which of the transformer's they are. */
export function outputNames({ architecture: { classes, pool } }: ModelConfig): Map<string, string> {
  return new Map([...(classes > 0 ? [["logits", "logits"] as const] : []), ["embedding", pool] as const]);
}

export const writeFile = (path: string, bytes: Uint8Array) => replaceFile(path, (append) => append(bytes));

/**
 * Copies what says how pictures are prepared and what labels mean.
 *
 * @param more fields for config.json
 */
export async function copyConfigs(from: string, to: string, more: Record<string, unknown> = {}): Promise<void> {
  // Exported weights are float32, whatever the folder's are.
  const { quantization_config: _, ...config } = await readJsonFile(join(from, "config.json"));
  await writeJson(join(to, "config.json"), { ...config, ...more });
  await copyFile(join(from, "preprocessor_config.json"), join(to, "preprocessor_config.json")).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}
