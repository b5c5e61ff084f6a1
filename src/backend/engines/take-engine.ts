import { setBackend } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { EngineName } from "../engine.js";
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

/** Fastest first. TF.js's own WebAssembly backend is slower than ours everywhere, so it is taken by name only. */
const AUTOMATIC: readonly EngineName[] = ["tensorflow-gpu", "webgpu", "tensorflow", "vitrail", "cpu"];

/** What "auto" came to, which holds for the process. */
const decisions = new WeakMap<PeerPackages, Promise<{ engine: EngineName; skipped: SkippedEngine[] }>>();

/**
 * Makes an engine the active TF.js backend.
 *
 * @returns which, and the engines that "auto" tried before it
 * @throws EngineError
 */
export async function takeEngine(
  engine: EngineName | "auto",
  packages: PeerPackages,
  threads: number | undefined,
): Promise<{ engine: EngineName; skipped: readonly SkippedEngine[] }> {
  quietCpuBackend();
  if (engine !== "auto") {
    await start(engine, packages, { threads, choice: "named" });
    return { engine, skipped: [] };
  }
  const decision = decisions.get(packages) ?? decide(packages, threads);
  decisions.set(packages, decision);
  const decided = await decision;
  await start(decided.engine, packages, { threads, choice: "automatic" });
  return decided;
}

async function decide(packages: PeerPackages, threads: number | undefined) {
  const skipped: SkippedEngine[] = [];
  for (const engine of AUTOMATIC) {
    try {
      await start(engine, packages, { threads, choice: "automatic" });
      return { engine, skipped };
    } catch (error) {
      if (!(error instanceof EngineError) || engine === AUTOMATIC.at(-1)) throw error;
      skipped.push({ engine, reason: error.message });
    }
  }
  throw new Error("unreachable: the last engine is taken or throws");
}

async function start(name: EngineName, packages: PeerPackages, options: StartOptions): Promise<void> {
  const peer = PEER_ENGINES.find((one) => one.name === name);
  if (peer) return startPeerEngine(peer, packages, options);
  if (name === "vitrail") return startVitrail(options);
  await setBackend("cpu");
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
