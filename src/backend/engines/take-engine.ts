import { setBackend } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { EngineName } from "../engine.js";
import type { OnnxThread } from "../onnxruntime/onnx-thread.js";
import { startOnnxRuntime } from "../onnxruntime/onnxruntime.js";
import { registerVitrailBackend } from "../register-backend.js";
import { BACKEND_NAME } from "../vitrail-backend.js";
import { quietCpuBackend } from "./cpu.js";
import { type PeerEngine, type StartOptions, startPeerEngine } from "./peer-engine.js";
import type { PeerPackages } from "./peer-packages.js";
import { tensorflow, tensorflowGpu } from "./tensorflow.js";
import { wasm } from "./wasm.js";
import { webgpu } from "./webgpu.js";

/** An engine that "auto" would have preferred. */
export interface SkippedEngine {
  engine: EngineName;
  reason: string;
}

export const PEER_ENGINES: readonly PeerEngine[] = [tensorflowGpu, webgpu, tensorflow, wasm];

/** What an engine is for: TF.js's layers, which can be trained too, or only passes through a model that does not change. */
export type Purpose = "layers" | "passes";

/** Fastest first. TF.js's own WebAssembly backend is slower than ours everywhere, so it is taken by name only. */
const AUTOMATIC: Record<Purpose, readonly EngineName[]> = {
  layers: ["tensorflow-gpu", "webgpu", "tensorflow", "vitrail", "cpu"],
  passes: ["tensorflow-gpu", "webgpu", "onnxruntime", "tensorflow", "vitrail", "cpu"],
};

export interface TakenEngine {
  engine: EngineName;
  /** The engines that "auto" tried before it. */
  skipped: readonly SkippedEngine[];
  /** Of "onnxruntime", which is no TF.js backend; the caller's to close. */
  thread?: OnnxThread | undefined;
}

type Decision = Pick<TakenEngine, "engine" | "skipped">;

/** What "auto" came to, which holds for the process. */
const decisions: Record<Purpose, WeakMap<PeerPackages, Decision>> = { layers: new WeakMap(), passes: new WeakMap() };

/**
 * Makes an engine the active TF.js backend, or starts the one that is none.
 *
 * @throws EngineError
 */
export async function takeEngine(
  engine: EngineName | "auto",
  packages: PeerPackages,
  threads: number | undefined,
  purpose: Purpose = "layers",
): Promise<TakenEngine> {
  quietCpuBackend();
  if (engine !== "auto") {
    const thread = await start(engine, packages, purpose, { threads, choice: "named" });
    return { engine, skipped: [], thread };
  }
  const known = decisions[purpose].get(packages);
  if (known)
    return { ...known, thread: await start(known.engine, packages, purpose, { threads, choice: "automatic" }) };
  const { thread, ...decision } = await decide(packages, threads, purpose);
  decisions[purpose].set(packages, decision);
  return { ...decision, thread };
}

async function decide(packages: PeerPackages, threads: number | undefined, purpose: Purpose): Promise<TakenEngine> {
  const skipped: SkippedEngine[] = [];
  for (const engine of AUTOMATIC[purpose]) {
    try {
      return { engine, skipped, thread: await start(engine, packages, purpose, { threads, choice: "automatic" }) };
    } catch (error) {
      if (!(error instanceof EngineError) || engine === AUTOMATIC[purpose].at(-1)) throw error;
      skipped.push({ engine, reason: error.message });
    }
  }
  throw new Error("unreachable: the last engine is taken or throws");
}

async function start(
  name: EngineName,
  packages: PeerPackages,
  purpose: Purpose,
  options: StartOptions,
): Promise<OnnxThread | undefined> {
  if (name === "onnxruntime") {
    if (purpose === "passes") return startOnnxRuntime(packages);
    throw new EngineError(
      "engine/only-runs",
      'The engine "onnxruntime" runs ViT and EVA-02 as loadModel loads them; it has no layers to train, and no face detectors. Take another engine for these, or "auto".',
      { details: { engine: name } },
    );
  }
  const peer = PEER_ENGINES.find((one) => one.name === name);
  if (peer) await startPeerEngine(peer, packages, options);
  else if (name === "vitrail") await startVitrail(options);
  else await setBackend("cpu");
  return undefined;
}

async function startVitrail({ threads }: StartOptions): Promise<void> {
  let cause: unknown;
  try {
    registerVitrailBackend({ threads });
    // TF.js prints why a backend did not start, and only says that it did not.
    if (await setBackend(BACKEND_NAME)) return;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    cause = error;
  }
  throw new EngineError(
    "engine/failed",
    'The engine "vitrail" could not start: its memory or a thread was refused, most often for want of address space (ulimit -v), ' +
      'of which it reserves 10 GB and touches what it needs. Give the process more, or take the engine "cpu".',
    { details: { engine: "vitrail" }, cause },
  );
}
