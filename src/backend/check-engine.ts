import { matMul, tensor2d } from "@tensorflow/tfjs-core";
import { VitrailError } from "../errors.js";
import { describeEngine, type EngineDescription, type EngineName, useEngine } from "./engine.js";
import type { PeerPackages } from "./engines/peer-packages.js";
import { proveBackend } from "./engines/prove-backend.js";
import { canCompile, isMultiplyAddFused } from "./kernel-probe.js";
import { allowRelaxedSimd, runtime } from "./threads-node.js";

/** Whether an engine works in this process, and how fast. */
export type EngineCheck = { engine: EngineName } & (
  | { works: true; description: EngineDescription; gigaflops: number }
  | { works: false; code: string; reason: string }
);

/** A linear layer of a ViT-B: 128 tokens, 768 channels. */
const ROWS = 128;
const WIDTH = 768;
const MEASURED_MS = 250;

/**
 * Starts an engine, has it compute what models need beside float64 in plain JavaScript, and times a product of matrices, `[128, 768]` by
 * `[768, 768]`, for a quarter of a second. The engine stays the active one.
 */
export async function checkEngine(engine: EngineName, packages?: PeerPackages): Promise<EngineCheck> {
  try {
    await useEngine({ engine }, packages);
    await proveBackend();
    return { engine, works: true, description: describeEngine(), gigaflops: await measure() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = error instanceof VitrailError ? error.code : "engine/failed";
    return { engine, works: false, code, reason: error.message };
  }
}

async function measure(): Promise<number> {
  const a = tensor2d(new Float32Array(ROWS * WIDTH).fill(0.5), [ROWS, WIDTH]);
  const b = tensor2d(new Float32Array(WIDTH * WIDTH).fill(0.25), [WIDTH, WIDTH]);
  const pass = async () => {
    const start = performance.now();
    const product = matMul(a, b);
    await product.data(); // a GPU has not computed before it is read
    product.dispose();
    return performance.now() - start;
  };
  let best = await pass();
  for (const end = performance.now() + MEASURED_MS; performance.now() < end; ) best = Math.min(best, await pass());
  a.dispose();
  b.dispose();
  return (2 * ROWS * WIDTH * WIDTH) / best / 1e6;
}

/** What of this JavaScript engine decides how fast "vitrail" can be. */
export interface RuntimeFeatures {
  /** Without it there is one thread. */
  sharedMemory: boolean;
  simd: boolean;
  /** Fused multiply-add and products of bytes; not where the processor rounds in between. */
  relaxedSimd: boolean;
  /** Whether V8's 256-bit flag exists for this processor and version: Node 24 and newer on x64. */
  pairedVectors: boolean;
}

export function runtimeFeatures(): RuntimeFeatures {
  allowRelaxedSimd();
  const { architecture, v8 } = runtime();
  return {
    sharedMemory: typeof SharedArrayBuffer === "function",
    simd: canCompile("plain", "plain"),
    relaxedSimd: canCompile("relaxed", "plain") && isMultiplyAddFused("plain"),
    pairedVectors: architecture === "x64" && v8 >= 13,
  };
}
