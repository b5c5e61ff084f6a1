import { findBackend } from "@tensorflow/tfjs-core";
import { isRevectorizationAsked } from "./configure-engine.js";
import { control } from "./control.js";
import { engineModule, type KernelPlan } from "./engine-module.js";
import { choosePlan } from "./kernel-plan.js";
import { EngineMemory } from "./memory.js";
import type { Fields, Task } from "./task.js";
import { elementKinds, packTransposed } from "./tasks/pack.js";
import { scoreBytes, scoreFloats, scoreProduct, WIDTH_UNIT } from "./tasks/score-rows.js";
import { ThreadPool } from "./thread-pool.js";
import { processorCount } from "./threads-node.js";
import { BACKEND_NAME, VitrailBackend } from "./vitrail-backend.js";

/** More threads than this wait for memory, not for arithmetic. */
const MOST_DEFAULT_THREADS = 16;
/** From here on a product with packed queries is faster than a pass over the rows for each query. */
const LEAST_PRODUCT_QUERIES = 4;
/** A task's rows stay in the second cache while one query follows the other; with one query they need not. */
const TASK_BYTES = { manyQueries: 256 * 1024, oneQuery: 1536 * 1024 };

const TASKS = [packTransposed, scoreProduct, scoreFloats, scoreBytes] as readonly unknown[] as readonly Task<Fields>[];

/** Rows in the engine's memory, side by side. */
export interface RowBlock {
  /** Address. */
  start: number;
  count: number;
  /** Numbers of a row; a multiple of `WIDTH_UNIT`. */
  width: number;
}

/**
 * Dot products of many rows with a few queries, with the engine's threads and kernels but in a memory of its own: it may take all of the 4 GiB
 * that WebAssembly can address, beside a model's, and goes as a whole.
 */
export class ScoringEngine {
  readonly memory: EngineMemory;
  private readonly plan: KernelPlan;
  private readonly pool: ThreadPool;
  private readonly zeros: number;

  /** @param threads the calling one included; default: as many as the process may use, at most 16 */
  constructor(threads = Math.min(processorCount(), MOST_DEFAULT_THREADS)) {
    this.plan = planOfProcess();
    this.memory = new EngineMemory(control.end, this.plan.memory);
    this.pool = new ThreadPool(this.memory, engineModule(this.plan, TASKS), threads);
    this.zeros = this.memory.allocate(4096);
    this.memory.bytes(this.zeros, 4096).fill(0);
  }

  get threads(): number {
    return this.pool.size;
  }

  /**
   * Scores of float32 rows. `[count, width]`, `[queries, width]` → `[queries, count]`
   *
   * @param scores address of the result
   */
  scoreFloats(block: RowBlock, queries: readonly Float32Array[], scores: number): Scores {
    const { start, count, width } = block;
    return this.withScratch(queries.length * width * 4, (at) => {
      for (const [i, query] of queries.entries())
        this.memory
          .floats(at + i * width * 4, width)
          .fill(0)
          .set(query);
      if (queries.length >= LEAST_PRODUCT_QUERIES) return this.product(block, at, queries.length, scores);
      const rowsPerTask = rowsPerTaskOf(width * 4, queries.length);
      this.pool.run(
        scoreFloats,
        {
          ...{ rowsPerTask, count, rows: start, stride: width * 4, scores },
          ...{ queries: at, queryStride: width * 4, queryCount: queries.length },
        },
        Math.ceil(count / rowsPerTask),
      );
      return { stride: 1, perQuery: count };
    });
  }

  /**
   * Scores of int8 rows, but for the queries' own scales. `[count, width]`, `[queries, width]` → `[queries, count]`
   *
   * @param scales address of the rows' scales, float32
   * @param queries as 16-bit integers, see `scoreBytes` for their bound
   */
  scoreBytes(block: RowBlock, scales: number, queries: readonly Int16Array[], scores: number): Scores {
    const { start, count, width } = block;
    return this.withScratch(queries.length * width * 2, (at) => {
      for (const [i, query] of queries.entries()) {
        const target = new Int16Array(this.memory.wasm.buffer, at + i * width * 2, width);
        target.fill(0).set(query);
      }
      const rowsPerTask = rowsPerTaskOf(width, queries.length);
      this.pool.run(
        scoreBytes,
        {
          ...{ rowsPerTask, count, rows: start, stride: width, scores, scales },
          ...{ queries: at, queryStride: width * 2, queryCount: queries.length },
        },
        Math.ceil(count / rowsPerTask),
      );
      return { stride: 1, perQuery: count };
    });
  }

  /** Bytes that the scores of a block need. */
  scoreBytesOf(count: number, queries: number): number {
    const { columns } = this.plan.wide;
    return count * Math.ceil(queries / columns) * columns * 4;
  }

  dispose(): Promise<void> {
    return this.pool.dispose();
  }

  /** The engine's matrix product: rows in place on the left, queries in panels on the right. */
  private product({ start, count, width }: RowBlock, queries: number, queryCount: number, scores: number): Scores {
    const { columns: panelWidth } = this.plan.wide;
    const panels = Math.ceil(queryCount / panelWidth);
    const columns = panels * panelWidth;
    return this.withScratch(columns * width * 4, (packed) => {
      this.pool.run(
        packTransposed,
        {
          ...{ panelsPerTask: 1, panels, source: queries, sourceStride: width * 4, target: packed },
          ...{ columns: queryCount, k: width, kind: elementKinds.F32, flag: 0 },
        },
        panels,
      );
      const rowsPerTask = rowsPerTaskOf(width * 4, queryCount);
      this.pool.run(
        scoreProduct,
        { rowsPerTask, count, rows: start, width, panels: packed, panelCount: panels, scores, zeros: this.zeros },
        Math.ceil(count / rowsPerTask),
      );
      return { stride: columns, perQuery: 1 };
    });
  }

  private withScratch<Result>(bytes: number, use: (address: number) => Result): Result {
    const at = this.memory.allocate(bytes);
    try {
      return use(at);
    } finally {
      this.memory.release(at);
    }
  }
}

let chosen: KernelPlan | undefined;

/** The probe takes some 0.1 s, and its outcome is a fact of the process; a model that is loaded has found it already. */
function planOfProcess(): KernelPlan {
  const active = findBackend(BACKEND_NAME);
  if (active instanceof VitrailBackend) return active.plan;
  chosen ??= choosePlan({ revectorize: isRevectorizationAsked() });
  return chosen;
}

/** Where the score of row r and query q stands among the floats of the result: `r * stride + q * perQuery`. */
export interface Scores {
  stride: number;
  perQuery: number;
}

const rowsPerTaskOf = (rowBytes: number, queries: number) =>
  Math.max(1, Math.floor(TASK_BYTES[queries === 1 ? "oneQuery" : "manyQueries"] / rowBytes));

/** Numbers that a row of `width` takes: whole vectors, so that no kernel has a rest to care for. */
export const paddedWidth = (width: number): number => Math.ceil(width / WIDTH_UNIT) * WIDTH_UNIT;
