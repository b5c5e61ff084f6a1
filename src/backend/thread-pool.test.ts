import { afterEach, describe, expect, it, vi } from "vitest";
import { control } from "./control.js";
import { engineModule } from "./engine-module.js";
import { EngineMemory } from "./memory.js";
import { defineTask, type Fields, type Task } from "./task.js";
import { ThreadPool } from "./thread-pool.js";
import { startThread, type Thread } from "./threads-node.js";
import type { FunctionBuilder } from "./wasm/function-builder.js";
import { atomic, Int, loadInt } from "./wasm/values.js";

vi.mock("./threads-node.js", async (original) => {
  const actual = await original<typeof import("./threads-node.js")>();
  return { ...actual, startThread: vi.fn(actual.startThread) };
});

/** Counts its runs at `counter`; on threads other than the caller it then does what is said, once the caller has begun to wait for it. */
function counting(name: string, inThread: (f: FunctionBuilder) => void): Task<{ counter: "int" }> {
  return defineTask(name, { counter: "int" }, (f, v, { task, thread }) => {
    f.ignore(atomic.add(v.counter.add(task.shiftLeft(2)), 1));
    f.if(
      thread,
      () => inThread(f),
      // The caller leaves the other threads time to take tasks.
      () => f.for(0, 3_000_000, 1, () => f.ignore(loadInt(v.counter))),
    );
  });
}
const work = counting("work", () => {});
const trap = counting("trap", (f) => f.storeInt(Int.of(-4), 0));
const hang = counting("hang", (f) => f.while(Int.of(1), () => f.ignore(loadInt(Int.of(0)))));
const alwaysTrap = defineTask("alwaysTrap", {}, (f) => f.storeInt(Int.of(-4), 0));

const TASKS = [work, trap, hang, alwaysTrap] as readonly unknown[] as readonly Task<Fields>[];
const block = { rows: 2, columns: 16 };
const plan = {
  instructions: "plain",
  multiplication: "plain",
  memory: "shared",
  wide: block,
  narrow: block,
  quantized: { kind: "i12", block },
} as const;
const pools: ThreadPool[] = [];

function createPool(threads: number, patienceMs?: number) {
  const memory = new EngineMemory(control.end, "shared");
  const pool = new ThreadPool(memory, engineModule(plan, TASKS), threads, patienceMs);
  pools.push(pool);
  const counter = memory.allocate(4 * 64);
  const counts = new Int32Array(memory.wasm.buffer, counter, 64);
  return { pool, counter, counts, words: new Int32Array(memory.wasm.buffer, 0, 1024) };
}

/** Runs dispatches until a thread takes part and what it does shows: true as soon as `isDone`. */
function runUntil(run: () => void, isDone: () => boolean): boolean {
  for (let i = 0; i < 400 && !isDone(); i++) run();
  return isDone();
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
async function untilThreadsServe({ pool, counter }: ReturnType<typeof createPool>) {
  for (let i = 0; i < 5; i++) {
    pool.run(work, { counter }, 8);
    await turn();
  }
}

afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.dispose())));

describe("ThreadPool", () => {
  // Before all others: only code that V8 has not optimized yet could get this wrong.
  it("keeps its threads: they sleep, wake, take tasks and sleep again", async () => {
    vi.mocked(startThread).mockClear();
    const created = createPool(3);
    await untilThreadsServe(created);
    await untilThreadsServe(created);
    expect(created.pool.size).toBe(3);
    expect(startThread).toHaveBeenCalledTimes(2);
  });

  it.each([1, 2, 3, 4])("runs each task of a dispatch once with %i threads", async (threads) => {
    const { pool, counter, counts } = createPool(threads);
    for (let round = 1; round <= 50; round++) {
      pool.run(work, { counter }, 7);
      expect([...counts.subarray(0, 8)]).toEqual([...Array(7).fill(round), 0]);
      if (round % 10 === 0) await turn();
    }
  });

  it("changes its number of threads between dispatches", async () => {
    const { pool, counter, counts } = createPool(1);
    for (const threads of [3, 1, 2, 4, 1]) {
      pool.resize(threads);
      expect(pool.size).toBe(threads);
      counts.fill(0);
      pool.run(work, { counter }, 16);
      expect([...counts.subarray(0, 16)]).toEqual(Array(16).fill(1));
      await turn();
    }
  });

  it("repeats a dispatch alone when a thread ends in one of its tasks, and starts another thread", async () => {
    const created = createPool(2);
    const { pool, counter, counts } = created;
    await untilThreadsServe(created);
    counts.fill(0);
    expect(
      runUntil(
        () => pool.run(trap, { counter }, 8),
        () => pool.size === 1,
      ),
    ).toBe(true);
    expect(Math.min(...counts.subarray(0, 8))).toBeGreaterThan(0);
    for (let i = 0; i < 50 && pool.size === 1; i++) await turn();
    expect(pool.size).toBe(2);
    counts.fill(0);
    pool.run(work, { counter }, 8);
    expect([...counts.subarray(0, 8)]).toEqual(Array(8).fill(1));
  });

  it("says that a task failed when it fails in the calling thread, and goes on", () => {
    const { pool, counter, counts } = createPool(1);
    expect(() => pool.run(alwaysTrap, {}, 3)).toThrow(expect.objectContaining({ code: "engine/task-failed" }));
    pool.run(work, { counter }, 4);
    expect([...counts.subarray(0, 4)]).toEqual([1, 1, 1, 1]);
  });

  it("gives up on a thread that hangs after its patience, refuses work while it may still write, and works again once it is gone", async () => {
    const created = createPool(2, 200);
    const { pool, counter, counts } = created;
    await untilThreadsServe(created);
    const lost = expect.objectContaining({ code: "engine/thread-lost" });
    let failure: unknown;
    runUntil(
      () => {
        try {
          pool.run(hang, { counter }, 8);
        } catch (error) {
          failure = error;
        }
      },
      () => failure !== undefined,
    );
    expect(failure).toEqual(lost);
    expect(() => pool.run(work, { counter }, 2)).toThrow(lost);
    pool.resize(1); // it never sees that it should end
    expect(() => pool.run(work, { counter }, 2)).toThrow(lost);
    await pool.dispose();
    counts.fill(0);
    pool.run(work, { counter }, 8);
    expect([...counts.subarray(0, 8)]).toEqual(Array(8).fill(1));
  });

  it("is right, or says that a thread is lost, when threads are killed at work again and again, and ends up with the caller alone", async () => {
    vi.mocked(startThread).mockClear();
    const created = createPool(3, 300);
    const { pool, counter, counts } = created;
    await untilThreadsServe(created);
    for (let round = 0; round < 12; round++) {
      const killed = vi.mocked(startThread).mock.results.map(({ value }) => (value as Thread).terminate());
      counts.fill(0);
      try {
        pool.run(work, { counter }, 8); // some of them may hold a task now, and can't tell
        expect(Math.min(...counts.subarray(0, 8))).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "engine/thread-lost" });
      }
      await Promise.all(killed);
      await turn();
      counts.fill(0);
      pool.run(work, { counter }, 8);
      expect(Math.min(...counts.subarray(0, 8))).toBeGreaterThan(0);
    }
    expect(pool.size).toBe(1);
    pool.resize(2); // asked for again, there is a new one
    await untilThreadsServe(created);
    expect(pool.size).toBe(2);
  });

  it("is the calling thread alone where memory can't be shared", () => {
    const memory = new EngineMemory(control.end, "plain");
    const pool = new ThreadPool(memory, engineModule({ ...plan, memory: "plain" }, TASKS), 4);
    pools.push(pool);
    pool.resize(3);
    expect(pool.size).toBe(1);
    const counter = memory.allocate(4 * 64);
    pool.run(work, { counter }, 5);
    expect([...new Int32Array(memory.wasm.buffer, counter, 6)]).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it("ends its threads when it is disposed", async () => {
    const created = createPool(3);
    await untilThreadsServe(created);
    await created.pool.dispose();
    expect(created.pool.size).toBe(1);
  });
});
