import { control } from "./control.js";
import type { EngineCode, KernelPlan } from "./engine-module.js";
import { EngineMemory } from "./memory.js";
import { ThreadPool } from "./thread-pool.js";

/** A memory, the threads on it, and what lies in it beside tensors. Whole, so that a new one can take its place. */
export interface Space {
  readonly memory: EngineMemory;
  readonly pool: ThreadPool;
  /** Blocks of tensors that are collected before they are disposed. */
  readonly lost: FinalizationRegistry<number>;
  /** Blocks of tables whose owner is collected. */
  readonly lostTables: FinalizationRegistry<number>;
  readonly tables: WeakMap<object, number>;
  /** Zeros, for a missing bias. */
  zeros: { start: number; length: number };
  /** Bytes in blocks that belong to no tensor. */
  readonly ownBytes: number;
  /** A new block that belongs to no tensor. */
  own(bytes: number): number;
}

export function createSpace(plan: KernelPlan, code: EngineCode, threads: number): Space {
  const memory = new EngineMemory(control.end, plan.memory);
  let ownBytes = 0;
  /** Runs something that takes or gives back blocks of ours. */
  const counted = <Result>(work: () => Result): Result => {
    const before = memory.inUse;
    const result = work();
    ownBytes += memory.inUse - before;
    return result;
  };
  return {
    memory,
    pool: new ThreadPool(memory, code, threads),
    lost: new FinalizationRegistry((start) => memory.release(start)),
    lostTables: new FinalizationRegistry((start) => counted(() => memory.release(start))),
    tables: new WeakMap(),
    zeros: { start: 0, length: 0 },
    get ownBytes() {
      return ownBytes;
    },
    own: (bytes) => counted(() => memory.allocate(bytes)),
  };
}

/** Less is not worth new threads. */
const WORTH_TRIMMING = 64 * 2 ** 20;

/** Whether no tensor is in a memory that has grown large. */
export function isWorthTrimming({ memory, ownBytes }: Space): boolean {
  return memory.inUse === ownBytes && memory.wasm.buffer.byteLength >= WORTH_TRIMMING;
}
