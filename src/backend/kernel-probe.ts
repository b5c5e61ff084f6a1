import { EngineError } from "../errors.js";
import type { Multiplication } from "./wasm/function-builder.js";
import { defineMatrixTiles, type RegisterBlock } from "./wasm/matrix-tiles.js";
import { ModuleBuilder } from "./wasm/module-builder.js";
import { load, vectorOfInt, vectorZero } from "./wasm/values.js";

export type MemoryKind = "shared" | "plain";

/** A small product whose columns every block divides. */
const SIZE = { rows: 24, k: 384, columns: 96 };

/** Whether this JavaScript engine takes code of a kind at all. Under `--jitless` there is no WebAssembly. */
export function canCompile(multiplication: Multiplication, memory: MemoryKind): boolean {
  return (
    typeof WebAssembly === "object" &&
    WebAssembly.validate(probeModule(multiplication, { rows: 1, columns: 4 }, memory))
  );
}

/** Whether the relaxed product of bytes is exact for all unsigned ones: older x64 code adds pairs of products with saturation. */
export function isByteDotExact(memory: MemoryKind): boolean {
  const m = new ModuleBuilder({ multiplication: "relaxed", memory, constantsAt: 0 });
  m.define("probe", { target: "int" }, (f, { target }) =>
    f.store(target, vectorOfInt(0x7f7f7f7f).dotBytes(vectorOfInt(-1), vectorZero())),
  );
  const wasm = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: memory === "shared" });
  const { probe } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env: { memory: wasm } }).exports as {
    probe: (target: number) => void;
  };
  probe(0);
  return new Int32Array(wasm.buffer, 0, 4).every((sum) => sum === 4 * 127 * 255);
}

/**
 * Whether the relaxed multiply-add rounds once. On x64 without AVX it does not, and V8 11 (Node 20) compiles relaxed code there that computes
 * wrong numbers now and then, too seldom for a self-test to rely on.
 */
export function isMultiplyAddFused(memory: MemoryKind): boolean {
  const m = new ModuleBuilder({ multiplication: "relaxed", memory, constantsAt: 0 });
  m.define("probe", { address: "int" }, (f, { address }) => {
    const factor = f.vector(load(address));
    f.store(address, f.multiplyAdd(factor, factor, load(address, 16)));
  });
  const wasm = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: memory === "shared" });
  const floats = new Float32Array(wasm.buffer, 0, 8);
  floats.fill(1 + 2 ** -12, 0, 4).fill(-1 - 2 ** -11, 4);
  const { probe } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env: { memory: wasm } }).exports as {
    probe: (address: number) => void;
  };
  probe(0);
  return floats[0] === 2 ** -24; // rounded in between, nothing is left of it
}

/** A module whose `probe(a, b, c, bias)` computes the probe's product. */
function probeModule(
  multiplication: Multiplication,
  block: RegisterBlock,
  memory: MemoryKind,
): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder({ multiplication, memory, constantsAt: 0 });
  const tiles = defineMatrixTiles(m, block);
  const { rows, k, columns } = SIZE;
  m.define("probe", { a: "int", b: "int", c: "int", bias: "int" }, (f, addresses) =>
    f.call(tiles, {
      ...addresses,
      residual: 0,
      aStride: k * 4,
      cStride: columns * 4,
      k,
      rows,
      panelBytes: k * block.columns * 4,
      firstPanel: 0,
      lastPanel: columns / block.columns,
    }),
  );
  return m.bytes();
}

/**
 * Tries register blocks: times all in turns for some milliseconds, then checks the numbers of the code that came of it.
 *
 * @param milliseconds 40 is what V8 needs to optimize the candidates in the background: one that is timed alone for 4 is timed in its first, slow
 *   code. With 0, blocks are only checked.
 * @returns the blocks, fastest first
 * @throws EngineError `engine/self-test`
 */
export function rankBlocks(
  blocks: readonly RegisterBlock[],
  multiplication: Multiplication,
  kind: MemoryKind,
  milliseconds: number,
): RegisterBlock[] {
  const { rows, k, columns } = SIZE;
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 65536, shared: kind === "shared" });
  const floats = new Float32Array(memory.buffer);
  const a = 1024;
  const b = a + rows * k;
  const c = b + k * columns;
  const bias = c + rows * columns;
  for (let i = a; i < c; i++) floats[i] = ((i * 2654435761) >>> 16) / 65536 - 0.5;
  const candidates = blocks.map((block) => {
    const module = new WebAssembly.Module(probeModule(multiplication, block, kind));
    const { probe } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
      probe: (...addresses: number[]) => void;
    };
    return { block, best: Number.POSITIVE_INFINITY, run: () => probe(a * 4, b * 4, c * 4, bias * 4) };
  });
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    for (const candidate of candidates) {
      const start = performance.now();
      candidate.run();
      candidate.best = Math.min(candidate.best, performance.now() - start);
    }
  }
  for (const { block, run } of candidates) {
    run();
    for (let i = 0; i < rows * columns; i += 7) {
      const row = Math.floor(i / columns);
      const column = i % columns;
      const panel = b + Math.floor(column / block.columns) * k * block.columns + (column % block.columns);
      let sum = 0;
      for (let step = 0; step < k; step++) sum += floats[a + row * k + step]! * floats[panel + step * block.columns]!;
      if (!(Math.abs(sum - floats[c + i]!) < 1e-4))
        throw new EngineError(
          "engine/self-test",
          `The ${block.rows}x${block.columns} kernel computes wrong numbers on this machine: ${floats[c + i]} for ${sum}. Use the engine "cpu".`,
          { details: { block, found: floats[c + i], wanted: sum } },
        );
    }
  }
  return candidates.sort((x, y) => x.best - y.best).map(({ block }) => block);
}
