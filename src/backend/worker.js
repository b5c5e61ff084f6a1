// A thread of the engine: instantiates the module that it is given and takes tasks until it is told to stop. All work is in the module's code.
// Plain JavaScript, since Node 20 cannot start a TypeScript file as a thread and tests and package should start the same one.
import process from "node:process";
import { workerData } from "node:worker_threads";

/** @type {{ module: WebAssembly.Module, memory: WebAssembly.Memory, thread: number, done: number, ended: number }} */
const { module, memory, thread, done, ended } = workerData;

// Runs when the thread ends by itself, also by an uncaught error: the caller may be waiting for it, and cannot see its exit event meanwhile.
process.on("exit", () => {
  const words = new Int32Array(memory.buffer, 0, 1024);
  Atomics.store(words, ended / 4, 1);
  Atomics.notify(words, done / 4);
});

new WebAssembly.Instance(module, { env: { memory } }).exports.serve(thread);
