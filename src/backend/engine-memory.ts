import { backend, memory } from "@tensorflow/tfjs-core";
import { VitrailBackend } from "./vitrail-backend.js";

/** What the active engine holds in this thread. */
export interface EngineMemory {
  /** Tensors that nobody has disposed, weights among them. */
  tensors: number;
  /** Of tensors and weights. */
  bytes: number;
}

/** What the active engine holds now. Weights that an engine keeps to itself are no tensors. */
export function engineMemory(): EngineMemory {
  const active = backend();
  const { numTensors: tensors, numBytes } = memory();
  return { tensors, bytes: active instanceof VitrailBackend ? active.memoryBlocks.inUse : numBytes };
}
