import { EngineError } from "../errors.js";
import { control, MOST_THREADS } from "./control.js";
import { taskIndex } from "./engine-module.js";
import type { EngineMemory } from "./memory.js";
import type { Fields, FieldValues, Task } from "./task.js";
import { startThread, type Thread } from "./threads-node.js";

/** Loads of a word before the caller sleeps: some 200 µs, longer than nearly every task. */
const SPINS = 200_000;
const SLICE_MS = 50;

interface Exports {
  takeTasks(thread: number): void;
}

/** Runs dispatches of tasks on all threads, the caller's among them, and returns when the last task is done. See `control.ts`. */
export class ThreadPool {
  private wordsView: Int32Array;
  private readonly exports: Exports;
  private readonly threads = new Map<number, Thread>();
  /** Why no dispatch may run: a thread may still write where it should not. */
  private fault: string | undefined;
  private wanted = 1;
  private readonly memory: WebAssembly.Memory;

  /** @param patienceMs how long a task that another thread holds is waited for; a task takes some 0.1 ms */
  constructor(
    memory: EngineMemory,
    private readonly module: WebAssembly.Module,
    constants: readonly number[],
    threads: number,
    private readonly patienceMs = 10_000,
  ) {
    this.memory = memory.wasm;
    this.wordsView = new Int32Array(memory.wasm.buffer, 0, control.end / 4);
    this.reals.set(constants, control.constants / 4);
    this.exports = new WebAssembly.Instance(module, { env: { memory: memory.wasm } }).exports as unknown as Exports;
    this.resize(threads);
  }

  /** The control block. The view of a plain memory is detached, and empty, after a growth. */
  private get words(): Int32Array {
    if (this.wordsView.length === 0) this.wordsView = new Int32Array(this.memory.buffer, 0, control.end / 4);
    return this.wordsView;
  }
  private get reals(): Float32Array {
    return new Float32Array(this.words.buffer, 0, control.end / 4);
  }

  /** Threads that work, the caller's included. */
  get size(): number {
    return 1 + this.threads.size;
  }

  /** Threads that may work: one that starts later than a dispatch takes part in it too. */
  get capacity(): number {
    return this.wanted;
  }

  /** Brings the pool to a number of threads, starting some or ending some. */
  resize(threads: number): void {
    this.wanted = Math.min(Math.max(1, threads), MOST_THREADS);
    for (let thread = 1; thread < this.wanted; thread++) if (!this.threads.has(thread)) this.start(thread);
    for (const [thread, worker] of this.threads) {
      if (thread < this.wanted) continue;
      this.threads.delete(thread);
      void worker.terminate();
    }
  }

  private start(thread: number): void {
    const ended = control.ended + 4 * thread;
    Atomics.store(this.words, ended / 4, 0);
    const data = { module: this.module, memory: this.memory, thread, done: control.done, ended };
    const worker = startThread(data, () => {
      if (this.threads.get(thread) !== worker) return;
      Atomics.store(this.words, ended / 4, 1);
      this.threads.delete(thread);
    });
    this.threads.set(thread, worker);
  }

  run<F extends Fields>(task: Task<F>, values: FieldValues<F>, tasks: number): void {
    const { words } = this;
    if (this.fault) this.recover();
    words[control.task / 4] = taskIndex(task as unknown as Task<Fields>);
    let at = control.arguments / 4;
    for (const name in task.fields) {
      if (task.fields[name] === "real") this.reals[at] = values[name]!;
      else words[at] = values[name]!;
      at++;
    }
    this.startDispatch(tasks);
    if (tasks > 1 && this.threads.size > 0) {
      Atomics.add(words, control.generation / 4, 1);
      if (Atomics.load(words, control.sleepers / 4) > 0) Atomics.notify(words, control.generation / 4);
    }
    try {
      this.exports.takeTasks(0);
    } catch (cause) {
      Atomics.store(words, control.remaining / 4, 0);
      Atomics.store(words, control.busy / 4, 0);
      this.waitForThreads(task.name);
      throw new EngineError("engine/task-failed", `The engine failed in a task of "${task.name}".`, { cause });
    }
    this.wait(task.name, tasks);
  }

  private startDispatch(tasks: number): void {
    Atomics.store(this.words, control.done / 4, 0);
    Atomics.store(this.words, control.remaining / 4, tasks);
  }

  private wait(name: string, tasks: number): void {
    const { words } = this;
    for (let spins = SPINS; spins > 0; spins--) if (Atomics.load(words, control.done / 4) === tasks) return;
    for (const start = performance.now(); ; ) {
      const done = Atomics.load(words, control.done / 4);
      if (done === tasks) return;
      if (Atomics.wait(words, control.done / 4, done, SLICE_MS) === "not-equal") continue;
      if (Atomics.load(words, control.done / 4) === tasks) return;
      if (this.endedThreads().length > 0 && this.busyThreads().length === 0) {
        this.repeatAlone(tasks);
        return;
      }
      if (performance.now() - start > this.patienceMs) this.giveUp(name);
    }
  }

  /** A thread ended in a task, and nobody else holds one: does all tasks again, which is safe, and goes on with fewer threads. */
  private repeatAlone(tasks: number): void {
    for (const thread of this.endedThreads()) {
      this.threads.delete(thread);
      Atomics.store(this.words, control.ended / 4 + thread, 0);
      Atomics.store(this.words, control.busy / 4 + thread, 0);
    }
    this.startDispatch(tasks);
    this.exports.takeTasks(0);
    // The others may have helped.
    this.waitForThreads("a repeated dispatch");
  }

  private waitForThreads(name: string): void {
    for (const start = performance.now(); this.busyThreads().length > 0; )
      if (performance.now() - start > this.patienceMs) this.giveUp(name);
  }

  /** Alive or not, the thread may still write into this dispatch's blocks, so nothing may run until it is known to be gone. */
  private giveUp(name: string): never {
    const threads = this.busyThreads().join(", ");
    this.fault = `The engine is unusable: thread ${threads} did not finish a task of "${name}" within ${this.patienceMs} ms.`;
    throw new EngineError("engine/thread-lost", `${this.fault} Start the process again if this error stays.`);
  }

  /** Threads that finished or ended since then do no more harm. */
  private recover(): void {
    if (this.busyThreads().length > 0)
      throw new EngineError("engine/thread-lost", `${this.fault} Start the process again if this error stays.`);
    this.fault = undefined;
  }

  /** Threads that hold a task, or might, and have not ended. */
  private busyThreads(): number[] {
    return [...this.threads.keys()].filter(
      (thread) => Atomics.load(this.words, control.busy / 4 + thread) === 1 && !this.hasEnded(thread),
    );
  }
  private endedThreads(): number[] {
    return [...this.threads.keys()].filter((thread) => this.hasEnded(thread));
  }
  private hasEnded(thread: number): boolean {
    return Atomics.load(this.words, control.ended / 4 + thread) === 1;
  }

  /** Ends all threads but the caller's. */
  async dispose(): Promise<void> {
    const threads = [...this.threads.values()];
    this.threads.clear();
    Atomics.store(this.words, control.stop / 4, 1);
    Atomics.add(this.words, control.generation / 4, 1);
    Atomics.notify(this.words, control.generation / 4);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}
