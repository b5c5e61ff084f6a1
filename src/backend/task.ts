import type { FunctionBuilder, IntVariable, Variables } from "./wasm/function-builder.js";
import type { MatrixTiles } from "./wasm/matrix-tiles.js";
import type { OnlineSoftmax } from "./wasm/online-softmax.js";
import type { QuantizedTiles } from "./wasm/quantized-tiles.js";
import type { Int } from "./wasm/values.js";

/** What a task gets: whole numbers (addresses, counts) and reals, by name. */
export type Fields = Record<string, "int" | "real">;
export type FieldValues<F extends Fields> = { [K in keyof F]: number };

/** What task functions share within the module. */
export interface Library {
  /** That are best computed side by side: two where V8 joins them to one of 256 bits, else one, so that all stay in registers. */
  readonly vectors: 1 | 2;
  /** The best register block for right sides of any width. */
  readonly wide: MatrixTiles;
  /** The best register block whose width divides the usual head sizes, 16, 32, 64, 80. */
  readonly narrow: MatrixTiles;
  readonly onlineSoftmax: OnlineSoftmax;
  readonly quantized: QuantizedTiles;
  /** The same with one scale a row, for attentions. */
  readonly quantizedAttention: QuantizedTiles;
  /** Writes weights as `quantizedAttention` takes its left side. */
  readonly quantizedSoftmax: OnlineSoftmax;
}

export interface TaskContext {
  /** Number of the task within its dispatch. */
  readonly task: IntVariable;
  /** Number of the thread that runs it; 0 is the caller. For scratch of its own. */
  readonly thread: IntVariable;
  readonly library: Library;
}

/**
 * A kind of work that is cut into tasks and shared by the threads. `emit` writes the code of one task. A task reads its inputs and writes its
 * own part of the output, by its number, and nothing else: so it may run on any thread, in any order, and twice.
 */
export interface Task<F extends Fields> {
  readonly name: string;
  readonly fields: F;
  emit(f: FunctionBuilder, values: Variables<F>, context: TaskContext): void;
}

export function defineTask<F extends Fields>(name: string, fields: F, emit: Task<F>["emit"]): Task<F> {
  return { name, fields, emit };
}

/** The part `[first, last)` of `total` that is the task's when each has `each`. */
export function share(f: FunctionBuilder, task: Int, each: Int, total: Int): { first: IntVariable; last: IntVariable } {
  const first = f.int(task.mul(each));
  return { first, last: f.int(first.add(each).min(total)) };
}
