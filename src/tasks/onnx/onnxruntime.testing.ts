import { existsSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";

/** Where `npm run bench` or tools/engines/install-onnxruntime.mjs installed onnxruntime-node. */
const PROJECT = [".cache/engines/onnxruntime", "tools/bench"]
  .map((folder) => join(import.meta.dirname, "../../..", folder))
  .find((folder) => existsSync(join(folder, "node_modules/onnxruntime-node")));

export const isInstalled = PROJECT !== undefined;

/** For titles of tests that need it. */
export const REASON = isInstalled
  ? ""
  : " (skipped: onnxruntime-node is not installed; node tools/engines/install-onnxruntime.mjs)";

/** Has the engine found, as if the program ran in a project that has it. */
export function workWhereItIs(): void {
  vi.spyOn(process, "cwd").mockReturnValue(PROJECT!);
}
