import "@tensorflow/tfjs-backend-cpu";
import { backend, getBackend, ready, setBackend } from "@tensorflow/tfjs-core";
import { InputError } from "../errors.js";
import { registerVitrailBackend } from "./register-backend.js";
import { VitrailBackend } from "./vitrail-backend.js";

/** What computes: our threaded WebAssembly backend, or TF.js's plain JavaScript one. */
export const ENGINES = ["vitrail", "cpu"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /** Default `"auto"`: the fastest that is there. */
  engine?: EngineName | "auto";
  /** Threads of the engine "vitrail", the calling one included. Default: as many as the process may use, at most 16. */
  threads?: number;
}

/** What really runs. */
export interface EngineDescription {
  engine: string;
  /** Threads that compute, the calling one included. */
  threads: number;
  /** How a processor's vectors are used: WebAssembly's 128 bits, with fused multiply-add where "relaxed", in pairs where "revectorized". */
  simd: "none" | "plain" | "relaxed" | "revectorized";
  /** Rows × columns of a product that stay in registers. */
  block?: string;
  /** Bytes of tensors and weights in the engine's memory, now and at most. */
  memory?: { inUse: number; peak: number };
}

/**
 * Makes an engine the active TF.js backend. Asking again for what is active costs nothing; another number of threads takes effect at once.
 *
 * @throws InputError `input/engine`, `input/threads` for what is no engine or no number of threads
 * @throws EngineError `engine/no-simd`, `engine/self-test` where "vitrail" can't run; with "auto", "cpu" is taken instead
 */
export async function useEngine({ engine = "auto", threads }: EngineOptions = {}): Promise<void> {
  const choices = ["auto", ...ENGINES];
  if (!choices.includes(engine))
    throw new InputError(
      "input/engine",
      `"${engine}" is no engine. Choose one of ${choices.map((name) => `"${name}"`).join(", ")}.`,
    );
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 32))
    throw new InputError("input/threads", `\`threads\` is ${threads}; it has to be a whole number from 1 to 32.`);
  const name = engine === "auto" ? "vitrail" : engine;
  if (name === "vitrail") registerVitrailBackend({ threads });
  await setBackend(name);
  await ready();
}

export function describeEngine(): EngineDescription {
  const active = backend();
  if (!(active instanceof VitrailBackend)) return { engine: getBackend(), threads: 1, simd: "none" };
  const { plan, pool, memoryBlocks } = active;
  return {
    engine: getBackend(),
    threads: pool.size,
    simd: plan.instructions,
    block: `${plan.wide.rows}x${plan.wide.columns}`,
    memory: { inUse: memoryBlocks.inUse, peak: memoryBlocks.peak },
  };
}
