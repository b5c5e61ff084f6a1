import { backend, getBackend, getKernel, type KernelBackend } from "@tensorflow/tfjs-core";
import { InputError } from "../errors.js";
import { PeerPackages } from "./engines/peer-packages.js";
import { PEER_ENGINES, type Purpose, type SkippedEngine, takeEngine } from "./engines/take-engine.js";
import { usesGpu } from "./engines/tensorflow.js";
import type { OnnxThread } from "./onnxruntime/onnx-thread.js";
import { processorCount } from "./threads-node.js";
import { VitrailBackend } from "./vitrail-backend.js";

/**
 * What computes. "vitrail": our threaded WebAssembly. "cpu": TF.js's plain JavaScript. The others are packages that the user installs beside
 * vitrail: "tensorflow-gpu" and "tensorflow" TensorFlow's library (`@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node`), "webgpu" any GPU
 * (`webgpu` and `@tensorflow/tfjs-backend-webgpu`), "wasm" TF.js's own WebAssembly (`@tensorflow/tfjs-backend-wasm`), "onnxruntime" ONNX
 * Runtime (`onnxruntime-node`), which is no TF.js backend: it runs what `loadModel` loads and trains nothing.
 */
export const ENGINES = ["vitrail", "tensorflow-gpu", "webgpu", "onnxruntime", "tensorflow", "wasm", "cpu"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /**
   * Default `"auto"`: "tensorflow-gpu", "webgpu" on a real GPU, for a model that is only run "onnxruntime", or "tensorflow", where they are
   * installed and work, else "vitrail".
   */
  engine?: EngineName | "auto";
  /**
   * Threads of the engines "vitrail" and "onnxruntime"; default: as many as the process may use, at most 16. Of "tensorflow" too, if
   * said before it first starts. The others have a number of their own.
   */
  threads?: number;
}

/** What really runs. */
export interface EngineDescription {
  engine: string;
  /** Threads that compute, the calling one included. */
  threads: number;
  /**
   * How a processor's vectors are used: WebAssembly's 128 bits, with fused multiply-add where "relaxed", in pairs where "revectorized";
   * whatever the processor has where "native".
   */
  simd: "none" | "plain" | "relaxed" | "revectorized" | "native";
  /** Whether layers run on kernels of their own ("fused") or as compositions of TF.js's ops. */
  kernels: "fused" | "composition";
  /** The GPU. */
  device?: string;
  /** Rows × columns of a product that stay in registers. */
  block?: string;
  /** Bytes of tensors and weights in the engine's memory, now and at most. */
  memory?: { inUse: number; peak: number };
  /** The engines that "auto" would have preferred, and why it did not take them. */
  skipped: readonly SkippedEngine[];
}

const installed = new PeerPackages();
const skippedBefore = new WeakMap<KernelBackend, readonly SkippedEngine[]>();

/** ONNX Runtime, where it was asked for last, and TF.js's active backend then. */
const beside: { description?: EngineDescription; backend?: KernelBackend } = {};

const MOST_THREADS = 16;

/**
 * Makes an engine the active TF.js backend. Asking again for what is active costs nothing; another number of threads takes effect at once.
 *
 * @throws InputError `input/engine`, `input/threads` for what is no engine or no number of threads
 * @throws EngineError `engine/no-simd`, `engine/self-test` where "vitrail" can't run; `engine/not-installed`, `engine/two-cores`, `engine/failed` for
 *   an engine asked for by name; with "auto", the next is taken instead
 */
export async function useEngine(options: EngineOptions = {}, packages: PeerPackages = installed): Promise<void> {
  await take(options, packages, "layers");
}

/** ONNX Runtime, started. */
export interface OnnxEngine {
  /** The caller's to close. */
  thread: OnnxThread;
  /** For its sessions. */
  threads: number;
}

/**
 * As `useEngine`, for a model that is only run. Where that is best done by ONNX Runtime, or is to be, gives it, and leaves TF.js's backend as it is.
 *
 * @throws as `useEngine`, and EngineError `engine/too-old`
 */
export async function useEngineToRun(
  options: EngineOptions = {},
  packages: PeerPackages = installed,
): Promise<OnnxEngine | undefined> {
  return take(options, packages, "passes");
}

async function take(
  { engine = "auto", threads }: EngineOptions,
  packages: PeerPackages,
  purpose: Purpose,
): Promise<OnnxEngine | undefined> {
  const choices = ["auto", ...ENGINES];
  if (!choices.includes(engine))
    throw new InputError(
      "input/engine",
      `"${engine}" is no engine. Choose one of ${choices.map((name) => `"${name}"`).join(", ")}.`,
    );
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 32))
    throw new InputError("input/threads", `\`threads\` is ${threads}; it has to be a whole number from 1 to 32.`);
  const { skipped, thread } = await takeEngine(engine, packages, threads, purpose);
  delete beside.description;
  if (!thread) {
    skippedBefore.set(backend(), skipped);
    return undefined;
  }
  const count = threads ?? Math.min(processorCount(), MOST_THREADS);
  beside.description = { engine: "onnxruntime", threads: count, simd: "native", kernels: "fused", skipped };
  beside.backend = backend();
  return { thread, threads: count };
}

/** What was made active last. */
export function describeEngine(): EngineDescription {
  const active = backend();
  if (beside.description && active === beside.backend) return beside.description;
  const name = getBackend();
  const kernels = getKernel("VitrailLinear", name) ? "fused" : "composition";
  const skipped = skippedBefore.get(active) ?? [];
  if (active instanceof VitrailBackend) {
    const { plan, pool, memoryBlocks } = active;
    return {
      engine: name,
      threads: pool.size,
      simd: plan.instructions,
      kernels,
      block: `${plan.wide.rows}x${plan.wide.columns}`,
      memory: { inUse: memoryBlocks.inUse, peak: memoryBlocks.peak },
      skipped,
    };
  }
  const peer = PEER_ENGINES.find((one) => (usesGpu(active) ? one.name === "tensorflow-gpu" : one.name === name));
  return { engine: peer?.name ?? name, ...(peer?.describe(active) ?? { threads: 1, simd: "none" }), kernels, skipped };
}
