import { EngineError } from "../errors.js";
import type { KernelPlan } from "./engine-module.js";
import { allowRelaxedSimd, allowRevectorization } from "./threads-node.js";
import type { Multiplication } from "./wasm/function-builder.js";
import { defineMatrixTiles, type RegisterBlock } from "./wasm/matrix-tiles.js";
import { ModuleBuilder } from "./wasm/module-builder.js";

type InstructionSet = KernelPlan["instructions"];

/**
 * Register blocks worth trying. V8 before Turboshaft (Node 22 and older) puts all loads of a loop first, so accumulators + columns / 4 + rows
 * must fit 15 registers: 3x12. Turboshaft keeps the order of the program, and accumulators + columns / 4 + 1 must fit: 6x8, or 6x16 in pairs.
 * Multiply and add apart takes one register more: 2x16 and 4x8. A block that does not fit costs half the speed.
 */
const CANDIDATES: Record<InstructionSet, readonly RegisterBlock[]> = {
  plain: [
    { rows: 2, columns: 16 },
    { rows: 4, columns: 8 },
  ],
  relaxed: [
    { rows: 3, columns: 12 },
    { rows: 6, columns: 8 },
    { rows: 4, columns: 8 },
    { rows: 2, columns: 16 },
  ],
  revectorized: [
    { rows: 6, columns: 16 },
    { rows: 2, columns: 16 },
  ],
};

/** V8 optimizes in the background: a candidate that is timed alone for 4 ms is timed in its first, slow code. */
const PROBE_MS = 40;
const PROBE = { rows: 24, k: 384, columns: 96 };

/**
 * Chooses the instruction set and register blocks of this process by trying them: each candidate's numbers are checked against plain
 * JavaScript, then all are timed in turns. The choice of a block changes no bit of any result.
 */
export function choosePlan({ revectorize }: { revectorize: boolean }): KernelPlan {
  allowRelaxedSimd();
  const memory = typeof SharedArrayBuffer === "function" ? "shared" : "plain";
  const hasRelaxed = WebAssembly.validate(probeModule("relaxed", { rows: 1, columns: 4 }, memory));
  if (!WebAssembly.validate(probeModule("plain", { rows: 1, columns: 4 }, memory)))
    throw new EngineError("engine/no-simd", 'This JavaScript engine has no WebAssembly SIMD. Use the engine "cpu".');
  const instructions = !hasRelaxed ? "plain" : revectorize && allowRevectorization() ? "revectorized" : "relaxed";
  const multiplication = instructions === "plain" ? "plain" : "relaxed";
  const ranking = rank(CANDIDATES[instructions], multiplication, memory);
  const [wide] = ranking;
  // The usual head sizes are multiples of 16.
  const narrow = ranking.find(({ columns }) => 16 % columns === 0);
  return { instructions, multiplication, memory, wide: wide!, narrow: narrow! };
}

function probeModule(
  multiplication: Multiplication,
  block: RegisterBlock,
  memory: "shared" | "plain",
): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder({ multiplication, memory, constantsAt: 0 });
  const tiles = defineMatrixTiles(m, block);
  const { rows, k, columns } = PROBE;
  m.define("probe", { a: "int", b: "int", c: "int", bias: "int" }, (f, { a, b, c, bias }) =>
    f.call(tiles, {
      a,
      b,
      c,
      bias,
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

/** The candidates, fastest first. */
function rank(
  blocks: readonly RegisterBlock[],
  multiplication: Multiplication,
  kind: "shared" | "plain",
): RegisterBlock[] {
  const { rows, k, columns } = PROBE;
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
  for (const { block, run } of candidates) {
    run();
    for (let i = 0; i < rows * columns; i += 97) {
      const row = Math.floor(i / columns);
      const column = i % columns;
      const panel = b + Math.floor(column / block.columns) * k * block.columns + (column % block.columns);
      let sum = 0;
      for (let step = 0; step < k; step++) sum += floats[a + row * k + step]! * floats[panel + step * block.columns]!;
      if (!(Math.abs(sum - floats[c + i]!) < 1e-3))
        throw new EngineError(
          "engine/self-test",
          `The ${block.rows}x${block.columns} kernel computes wrong numbers on this machine: ${floats[c + i]} for ${sum}. Use the engine "cpu".`,
        );
    }
  }
  for (const end = performance.now() + PROBE_MS; performance.now() < end; ) {
    for (const candidate of candidates) {
      const start = performance.now();
      candidate.run();
      candidate.best = Math.min(candidate.best, performance.now() - start);
    }
  }
  return candidates.sort((x, y) => x.best - y.best).map(({ block }) => block);
}
