import { control } from "./control.js";
import type { Fields, Library, Task } from "./task.js";
import { attendQuantized } from "./tasks/attend-quantized.js";
import { attend, packHeads } from "./tasks/attention.js";
import { attentionGradient } from "./tasks/attention-gradient.js";
import { depthwise, maxPool, windows } from "./tasks/convolution.js";
import { separableBand, windowBand } from "./tasks/convolution-band.js";
import { binaryTasks, imagePatches, rotary, unaryTasks } from "./tasks/element-wise.js";
import { gatherRows } from "./tasks/gather-rows.js";
import { packHalf } from "./tasks/half.js";
import { layerNorm } from "./tasks/layer-norm.js";
import { layerNormGradient } from "./tasks/layer-norm-gradient.js";
import { multiply, multiplyHalf, multiplyQuantized } from "./tasks/multiply.js";
import { packPlain, packTransposed, unpack, widen } from "./tasks/pack.js";
import { packQuantizedHeads } from "./tasks/pack-quantized-heads.js";
import { quantizeRows, quantizeWeight } from "./tasks/quantize.js";
import { softmax } from "./tasks/softmax.js";
import { sumColumns, sumRows } from "./tasks/sum.js";
import { transpose } from "./tasks/transpose.js";
import type { IntVariable, Multiplication, RealVariable, Variables } from "./wasm/function-builder.js";
import { defineMatrixTiles, type RegisterBlock } from "./wasm/matrix-tiles.js";
import { ModuleBuilder } from "./wasm/module-builder.js";
import { defineOnlineSoftmax, writeFloats } from "./wasm/online-softmax.js";
import { defineQuantizedTiles, GROUP_WORDS, type QuantizedKind, WHOLE_ROW } from "./wasm/quantized-tiles.js";
import { writeQuantized } from "./wasm/quantized-weights.js";
import { atomic, Int, loadInt, loadReal } from "./wasm/values.js";

/** What the code of one process is built from. */
export interface KernelPlan {
  /** For people: what the code makes of the processor. */
  instructions: "plain" | "relaxed" | "revectorized";
  multiplication: Multiplication;
  memory: "shared" | "plain";
  wide: RegisterBlock;
  narrow: RegisterBlock;
  quantized: { block: RegisterBlock; kind: QuantizedKind };
}

const TASKS: readonly Task<Fields>[] = [
  multiply,
  multiplyHalf,
  multiplyQuantized,
  packHalf,
  quantizeRows,
  quantizeWeight,
  packPlain,
  packTransposed,
  unpack,
  widen,
  packHeads,
  attend,
  packQuantizedHeads,
  attendQuantized,
  layerNorm,
  softmax,
  transpose,
  gatherRows,
  sumRows,
  sumColumns,
  layerNormGradient,
  attentionGradient,
  windows,
  windowBand,
  separableBand,
  depthwise,
  maxPool,
  rotary,
  imagePatches,
  ...Object.values(unaryTasks),
  ...Object.values(binaryTasks),
] as readonly unknown[] as readonly Task<Fields>[];

/** What every thread of an engine runs. */
export interface EngineCode {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Have to stand at `control.constants`. */
  readonly constants: readonly number[];
  /** The tasks in the order of the module's table. */
  readonly tasks: readonly unknown[];
}

/** How often an idle thread looks for work before it sleeps: some 20 µs, since the next dispatch of a forward pass is rarely later. */
const SPINS = 20_000;

/**
 * Emits the code of all threads. Exports: `takeTasks(thread)` works on the current dispatch until no task is left; `serve(thread)` does so for
 * ever, sleeping in between, until its word of `control.stop`.
 */
export function engineModule(plan: KernelPlan, tasks: readonly Task<Fields>[] = TASKS): EngineCode {
  const m = new ModuleBuilder({ ...plan, constantsAt: control.constants });
  const isSameBlock = plan.wide.rows === plan.narrow.rows && plan.wide.columns === plan.narrow.columns;
  const wide = defineMatrixTiles(m, plan.wide);
  const { kind } = plan.quantized;
  const quantized = defineQuantizedTiles(m, plan.quantized);
  const library: Library = {
    vectors: plan.instructions === "revectorized" ? 2 : 1,
    wide,
    narrow: isSameBlock ? wide : defineMatrixTiles(m, plan.narrow),
    onlineSoftmax: defineOnlineSoftmax(m, writeFloats),
    quantized,
    quantizedAttention:
      GROUP_WORDS[kind] === WHOLE_ROW ? quantized : defineQuantizedTiles(m, plan.quantized, WHOLE_ROW),
    quantizedSoftmax: defineOnlineSoftmax(m, writeQuantized(kind)),
  };
  for (const task of tasks) defineTaskFunction(m, task, library);
  defineThreadLoops(m);
  return { bytes: m.bytes(), constants: m.constants, tasks };
}

function defineTaskFunction(m: ModuleBuilder, task: Task<Fields>, library: Library): void {
  const handle = m.define(undefined, { task: "int", thread: "int" }, (f, { task: number, thread }) => {
    const values: Record<string, IntVariable | RealVariable> = {};
    Object.entries(task.fields).forEach(([name, kind], i) => {
      const address = Int.of(control.arguments + 4 * i);
      values[name] = kind === "int" ? f.int(loadInt(address)) : f.real(loadReal(address));
    });
    task.emit(f, values as unknown as Variables<Fields>, { task: number, thread, library });
  });
  m.addToTable(handle);
}

/**
 * Waiting and waking are functions of their own, so that no variable has to outlive the instruction: the first, quick code of V8 11 (Node 20)
 * keeps variables in registers over it that the instruction overwrites, and `serve` then ended without having been told to.
 */
function defineThreadLoops(m: ModuleBuilder): void {
  const word = (address: number) => Int.of(address);
  const sleep = m.define(undefined, { generation: "int" }, (f, { generation }) => {
    f.ignore(atomic.wait(word(control.generation), generation));
  });
  const tellCaller = m.define(undefined, {}, (f) => {
    f.ignore(atomic.notify(word(control.done)));
  });
  const takeTasks = m.define("takeTasks", { thread: "int" }, (f, { thread }) => {
    const busy = f.int(thread.shiftLeft(2).add(control.busy));
    const task = f.int(0);
    f.while(atomic.load(word(control.remaining)).greater(0), () => {
      f.emit(atomic.store(busy, 1));
      task.set(atomic.sub(word(control.remaining), 1).sub(1));
      f.if(task.atLeast(0), () => {
        f.callTable(atomic.load(word(control.task)), task, thread);
        f.ignore(atomic.add(word(control.done), 1));
        f.if(thread, () => f.call(tellCaller, {}));
      });
      f.emit(atomic.store(busy, 0));
    });
  });
  m.define("serve", { thread: "int" }, (f, { thread }) => {
    const generation = f.int(0);
    const spins = f.int(0);
    const stop = f.int(thread.shiftLeft(2).add(control.stop));
    f.while(atomic.load(stop).isZero(), () => {
      generation.set(atomic.load(word(control.generation)));
      f.call(takeTasks, { thread });
      const isUnchanged = atomic.load(word(control.generation)).equals(generation);
      spins.set(SPINS);
      f.while(isUnchanged.and(spins.greater(0)), () => spins.increase(-1));
      f.if(isUnchanged, () => {
        f.ignore(atomic.add(word(control.sleepers), 1));
        f.call(sleep, { generation });
        f.ignore(atomic.sub(word(control.sleepers), 1));
      });
    });
  });
}
