import { describe, expect, it } from "vitest";
import { EngineMemory } from "./memory.js";

/** Seeded numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
}

describe("EngineMemory", () => {
  it("never hands out overlapping blocks in 2000 seeded steps, and ends as it began", () => {
    const memory = new EngineMemory(4096, "plain");
    const random = generator(1);
    const live: { start: number; size: number }[] = [];
    for (let step = 0; step < 2000; step++) {
      if (live.length > 0 && random() < 0.45) {
        memory.release(live.splice(Math.floor(random() * live.length), 1)[0]!.start);
        continue;
      }
      const size = Math.ceil(random() * 50_000);
      const start = memory.allocate(size);
      expect(start % 64).toBe(0);
      expect(start).toBeGreaterThanOrEqual(4096);
      for (const other of live) expect(start + size <= other.start || other.start + other.size <= start).toBe(true);
      live.push({ start, size });
    }
    for (const { start } of live) memory.release(start);
    expect(memory.inUse).toBe(0);
    // One hole is left, from the reserved part on: the whole fits into it without growing.
    const bytes = memory.wasm.buffer.byteLength;
    expect(memory.allocate(memory.peak)).toBe(4096);
    expect(memory.wasm.buffer.byteLength).toBe(bytes);
  });

  it("takes the smallest hole that fits", () => {
    const memory = new EngineMemory(0, "plain");
    const [large, , small] = [memory.allocate(640), memory.allocate(64), memory.allocate(128), memory.allocate(64)];
    memory.release(large);
    memory.release(small);
    expect(memory.allocate(100)).toBe(small);
    expect(memory.allocate(100)).toBe(large);
  });

  it("refuses to release what it did not hand out", () => {
    expect(() => new EngineMemory(0, "plain").release(64)).toThrow("no block begins at 64");
  });

  it("says how much is in use and wanted when it can't grow, and goes on", () => {
    const memory = new EngineMemory(0, "plain", 100);
    memory.allocate(2 ** 20);
    expect(() => memory.allocate(2 ** 23)).toThrow(
      expect.objectContaining({ code: "engine/out-of-memory", message: expect.stringContaining("1 MiB are in use") }),
    );
    expect(memory.allocate(2 ** 20)).toBe(2 ** 20);
    expect(memory.inUse).toBe(2 ** 21);
  });
});
