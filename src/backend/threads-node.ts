import { availableParallelism } from "node:os";
import process from "node:process";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";

// All that the backend needs of Node. A browser build replaces this file.

export interface Thread {
  /** Ends the thread, whatever it does. */
  terminate(): Promise<unknown>;
}

/** Starts a thread that does not keep the process alive. `onEnd` is called once, however it ends. */
export function startThread(data: Record<string, unknown>, onEnd: (reason: unknown) => void): Thread {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: data,
    stdin: false,
    name: "vitrail",
  });
  let error: unknown;
  worker.on("error", (reason) => {
    error = reason;
  });
  worker.on("exit", () => onEnd(error));
  worker.unref();
  return worker;
}

export const processorCount = (): number => availableParallelism();

const nodeMajor = Number(process.versions.node.split(".")[0]);

/** Node 20 has relaxed SIMD behind a flag of V8. It changes nothing for code that does not use it. */
export function allowRelaxedSimd(): void {
  if (nodeMajor < 22) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
}

/** Lets V8 join pairs of 128-bit operations to 256 bits, for all WebAssembly that this process compiles from now on; gives false where it can't. */
export function allowRevectorization(): boolean {
  if (nodeMajor < 24 || process.arch !== "x64") return false;
  v8.setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}
export function forbidRevectorization(): void {
  v8.setFlagsFromString("--no-experimental-wasm-revectorize");
}

/** What `VITRAIL_REVECTORIZE=1` in the environment asks for. */
export const isRevectorizationWished = (): boolean => process.env.VITRAIL_REVECTORIZE === "1";

/** What machine code is made by and for. */
export const runtime = (): { architecture: string; v8: number } => ({
  architecture: process.arch,
  v8: Number(process.versions.v8.split(".")[0]),
});

export type Cancel = () => void;

/** Runs work a little later, if the process is still there. */
export function soon(work: () => void): Cancel {
  const timer = setTimeout(work, 100);
  timer.unref();
  return () => clearTimeout(timer);
}

/**
 * Makes it likely that memory of WebAssembly that nothing holds any more is collected soon. V8 does not count shared memory when it decides
 * whether to collect; it does count a buffer, and one that is never touched takes no memory. A buffer that is refused has made it collect.
 */
export function remindCollector(bytes: number): void {
  try {
    void new ArrayBuffer(Math.min(bytes, 2 ** 31));
  } catch {
    // No address space for it.
  }
}
