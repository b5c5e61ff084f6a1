import "@tensorflow/tfjs-backend-cpu";
import { getBackend, ready, setBackend } from "@tensorflow/tfjs-core";

/** What computes: our threaded WASM backend, or TF.js's plain JavaScript one. */
export type EngineName = "cpu";

export interface EngineOptions {
  /** Default `"auto"`: the fastest that is there. */
  engine?: EngineName | "auto";
}

/** Makes an engine the active TF.js backend. Asking again for what is active costs nothing. */
export async function useEngine({ engine = "auto" }: EngineOptions = {}): Promise<void> {
  await setBackend(engine === "auto" ? "cpu" : engine);
  await ready();
}

/** What really runs. */
export function describeEngine(): { engine: string } {
  return { engine: getBackend() };
}
