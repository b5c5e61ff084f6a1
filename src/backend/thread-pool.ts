import { EngineError } from "../errors.js";
import { control, MOST_THREADS } from "./control.js";
import type { EngineCode } from "./engine-module.js";
import type { EngineMemory } from "./memory.js";
import type { Fields, FieldValues, Task } from "./task.js";
import { startThread, type Thread } from "./threads-node.js";

/** Loads of a word before the caller sleeps: some 200 µs, longer than nearly every task. */
const SPINS = 200_000;
const SLICE_MS = 50;
/** A thread that ends by itself is replaced this often; after that something is wrong that a new one does not mend. */
const MOST_LOSSES = 8;

interface Exports {
  takeTasks(thread: number): void;
}

/** Runs dispatches of tasks on all threads, the caller's among them, and returns when the last task is done. See `control.ts`. */
export class ThreadPool {
  private wordsView: Int32Array;
  private readonly module: WebAssembly.Module;
  private readonly exports: Exports;
  private readonly indices: ReadonlyMap<unknown, number>;
  private readonly threads = new Map<number, Thread>();
  /** Why no dispatch may run: a thread may still write where it should not. */
  private fault: string | undefined;
  /** Threads that ended by themselves. */
  private losses = 0;
  private readonly memory: WebAssembly.Memory;
  /** Threads that there may be, the caller included: memory that is not shared is the caller's alone. */
  private readonly most: number;
  /** A dispatch that was begun and not finished. */
  private begun: { name: string; tasks: number } | undefined;

  /** @param patienceMs how long a task that another thread holds is waited for; a task takes some 0.1 ms */
  constructor(
    memory: EngineMemory,
    code: EngineCode,
    threads: number,
    private readonly patienceMs = 10_000,
  ) {
    this.memory = memory.wasm;
    this.most = memory.kind === "shared" ? MOST_THREADS / 2 : 1;
    this.wordsView = new Int32Array(memory.wasm.buffer, 0, control.end / 4);
    this.reals.set(code.constants, control.constants / 4);
    this.indices = new Map(code.tasks.map((task, i) => [task, i]));
    this.module = new WebAssembly.Module(code.bytes);
    this.exports = new WebAssembly.Instance(this.module, { env: { memory: memory.wasm } })
      .exports as unknown as Exports;
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
    return 1 + this.serving().length;
  }

  /** One more than the highest number of a thread: what scratch must be there for. */
  get capacity(): number {
    return 1 + Math.max(0, ...this.threads.keys());
  }

  /** Threads that have not been told to end. */
  private serving(): number[] {
    return [...this.threads.keys()].filter((thread) => this.word(control.stop, thread) === 0);
  }

  private word(list: number, thread: number): number {
    return Atomics.load(this.words, list / 4 + thread);
  }
  private setWord(list: number, thread: number, value: 0 | 1): void {
    Atomics.store(this.words, list / 4 + thread, value);
  }

  /** Brings the pool to a number of threads, starting some or letting some end. Between dispatches. */
  resize(threads: number): void {
    const wanted = Math.min(Math.max(1, threads), this.most) - 1;
    const serving = this.serving();
    for (const thread of serving.slice(wanted)) this.setWord(control.stop, thread, 1);
    this.wake();
    // A thread that ends keeps its number until it is gone, since it may be in its last task.
    for (let thread = 1, missing = wanted - serving.length; missing > 0 && thread < MOST_THREADS; thread++) {
      if (this.threads.has(thread)) continue;
      this.start(thread);
      missing--;
    }
  }

  private start(thread: number): void {
    for (const list of [control.stop, control.busy, control.ended]) this.setWord(list, thread, 0);
    const ended = control.ended + 4 * thread;
    const data = { module: this.module, memory: this.memory, thread, done: control.done, ended };
    const worker = startThread(data, () => {
      const wasAsked = this.word(control.stop, thread) === 1;
      if (this.threads.get(thread) === worker) {
        this.setWord(control.ended, thread, 1);
        this.threads.delete(thread);
      }
      if (!wasAsked && !this.threads.has(thread) && this.losses++ < MOST_LOSSES) this.start(thread);
    });
    this.threads.set(thread, worker);
  }

  private wake(): void {
    Atomics.add(this.words, control.generation / 4, 1);
    if (Atomics.load(this.words, control.sleepers / 4) > 0) Atomics.notify(this.words, control.generation / 4);
  }

  /** Runs a dispatch: begins and finishes it. */
  run<F extends Fields>(task: Task<F>, values: FieldValues<F>, tasks: number): void {
    this.begin(task, values, tasks);
    this.finish();
  }

  /**
   * Hands a dispatch to the other threads, after the one before. The caller may do something else before it calls `finish`, but must not go
   * back to the event loop, where a thread's end would go unnoticed.
   */
  begin<F extends Fields>(task: Task<F>, values: FieldValues<F>, tasks: number): void {
    this.finish();
    const { words } = this;
    if (this.fault) this.recover();
    words[control.task / 4] = this.indices.get(task)!;
    let at = control.arguments / 4;
    for (const name in task.fields) {
      if (task.fields[name] === "real") this.reals[at] = values[name]!;
      else words[at] = values[name]!;
      at++;
    }
    this.startDispatch(tasks);
    if (tasks > 1 && this.threads.size > 0) this.wake();
    this.begun = { name: task.name, tasks };
  }

  /** Takes part in the dispatch that was begun, if there is one, and returns when its last task is done. */
  finish(): void {
    if (!this.begun) return;
    const { name, tasks } = this.begun;
    this.begun = undefined;
    try {
      this.exports.takeTasks(0);
    } catch (cause) {
      Atomics.store(this.words, control.remaining / 4, 0);
      Atomics.store(this.words, control.busy / 4, 0);
      this.waitForThreads(name);
      throw new EngineError("engine/task-failed", `The engine failed in a task of "${name}".`, { cause });
    }
    this.wait(name, tasks);
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

  /** A thread ended in a task, and nobody else holds one: does all tasks again, which is safe. */
  private repeatAlone(tasks: number): void {
    for (const thread of this.endedThreads()) this.threads.delete(thread);
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
      (thread) => this.word(control.busy, thread) === 1 && this.word(control.ended, thread) === 0,
    );
  }
  private endedThreads(): number[] {
    return [...this.threads.keys()].filter((thread) => this.word(control.ended, thread) === 1);
  }

  /** Ends all threads but the caller's, whatever they do. */
  async dispose(): Promise<void> {
    const threads = [...this.threads];
    for (const [thread] of threads) this.setWord(control.stop, thread, 1);
    this.wake();
    await Promise.all(threads.map(([, worker]) => worker.terminate()));
    this.threads.clear();
  }
}
