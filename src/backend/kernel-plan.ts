import { EngineError } from "../errors.js";
import type { KernelPlan } from "./engine-module.js";
import { canCompile, isByteDotExact, isMultiplyAddFused, rankBlocks } from "./kernel-probe.js";
import { allowRelaxedSimd, allowRevectorization, forbidRevectorization, runtime } from "./threads-node.js";
import type { RegisterBlock } from "./wasm/matrix-tiles.js";

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

/**
 * The best of them, and the best whose columns divide 16, where that was measured: x64 with V8 before and since Turboshaft (version 13). There
 * they are checked and not timed, which is most of an engine's start.
 */
function measuredBlocks(instructions: InstructionSet): readonly RegisterBlock[] | undefined {
  const { architecture, v8 } = runtime();
  if (architecture !== "x64") return undefined;
  if (instructions === "plain") return [{ rows: 2, columns: 16 }];
  if (instructions === "revectorized") return [{ rows: 6, columns: 16 }];
  if (v8 >= 13) return [{ rows: 6, columns: 8 }];
  return [
    { rows: 3, columns: 12 },
    { rows: 2, columns: 16 },
  ];
}

const PROBE_MS = 40;

/**
 * Chooses the instruction set and register blocks of this process by trying them. The choice of a block changes no bit of any result.
 *
 * @throws EngineError `engine/no-simd`, `engine/self-test`
 */
export function choosePlan({ revectorize }: { revectorize: boolean }): KernelPlan {
  allowRelaxedSimd();
  const memory = typeof SharedArrayBuffer === "function" ? "shared" : "plain";
  if (!canCompile("plain", memory))
    throw new EngineError("engine/no-simd", 'This JavaScript engine has no WebAssembly SIMD. Use the engine "cpu".');
  if (!canCompile("relaxed", memory) || !isMultiplyAddFused(memory)) return planFor("plain", memory);
  if (revectorize && allowRevectorization()) {
    try {
      return planFor("revectorized", memory);
    } catch {
      forbidRevectorization(); // it is experimental; what follows is not
    }
  }
  return planFor("relaxed", memory);
}

function planFor(instructions: InstructionSet, memory: KernelPlan["memory"]): KernelPlan {
  const multiplication = instructions === "plain" ? "plain" : "relaxed";
  const measured = measuredBlocks(instructions);
  const candidates = measured ?? CANDIDATES[instructions];
  const [wide, ...others] = rankBlocks(candidates, multiplication, memory, measured ? 0 : PROBE_MS);
  // The usual head sizes are multiples of 16.
  const narrow = [wide!, ...others].find(({ columns }) => 16 % columns === 0);
  const quantized = quantizedPlan(multiplication, memory, wide!);
  return { instructions, multiplication, memory, wide: wide!, narrow: narrow!, quantized };
}

function quantizedPlan(
  multiplication: KernelPlan["multiplication"],
  memory: KernelPlan["memory"],
  wide: RegisterBlock,
): KernelPlan["quantized"] {
  // The byte instruction's sums are fused, so it takes the registers that float32 does.
  if (multiplication === "relaxed" && isByteDotExact(memory)) return { kind: "u8", block: wide };
  // Two products before a sum: 3 × 8 and 2 × 12 are the largest that fit, a quarter faster than 12 bits. Measured on x64.
  if (multiplication === "relaxed" && runtime().architecture === "x64")
    return { kind: "u7", block: { rows: 3, columns: 8 } };
  return { kind: "i12", block: { rows: 2, columns: 16 } };
}
