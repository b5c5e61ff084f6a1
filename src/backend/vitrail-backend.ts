import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { backend_util, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { control } from "./control.js";
import { engineModule, type KernelPlan } from "./engine-module.js";
import { EngineMemory } from "./memory.js";
import { type Packed, type Place, type PlaceReader, type Quantized, Storage } from "./storage.js";
import {
  type ElementKind,
  elementBytes,
  elementKinds,
  packPlain,
  packTransposed,
  unpack,
  widen,
} from "./tasks/pack.js";
import { quantizeWeight } from "./tasks/quantize.js";
import { ThreadPool } from "./thread-pool.js";
import { PER_WORD, quantizedWords } from "./wasm/quantized-tiles.js";

export const BACKEND_NAME = "vitrail";
/** Smaller right sides are packed anew for each product, which costs next to nothing. */
const SMALLEST_KEPT = 256;
/** Floats that a task moves, so that it takes some 20 µs. */
const FLOATS_PER_TASK = 65536;

/** A tensor in the engine's memory. */
export type EngineTensor = TensorInfo & { readonly start: number };

/**
 * TF.js's CPU backend with its hot kernels replaced by threaded WebAssembly.
 *
 * A block of the engine's memory belongs to one data id. It is released when the id's reference count reaches zero or, for tensors that were
 * lost and not disposed, when the garbage collector finds the id. What CPU kernels make are JavaScript arrays, which move into the memory when
 * one of our kernels first reads them. No view of the memory leaves: `readSync` copies, and `write` copies what CPU kernels cut out of a view
 * (their slice returns a subarray).
 */
export class VitrailBackend extends MathBackendCPU implements PlaceReader {
  readonly memoryBlocks: EngineMemory;
  readonly pool: ThreadPool;
  private readonly scratchBlocks: number[] = [];
  private zeroBlock = { start: 0, length: 0 };
  private readonly tables = new WeakMap<object, number>();
  private readonly lost = new FinalizationRegistry<number>((start) => this.memoryBlocks.release(start));

  constructor(
    readonly plan: KernelPlan,
    threads: number,
  ) {
    super();
    this.memoryBlocks = new EngineMemory(control.end, plan.memory);
    this.pool = new ThreadPool(this.memoryBlocks, engineModule(plan), threads);
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): object {
    const isView = ArrayBuffer.isView(values) && this.memoryBlocks.owns(values);
    const own = isView ? (values as Float32Array).slice() : values;
    return this.adopt(dtype, tf.util.sizeFromShape(shape), { at: "array", values: own });
  }

  override move(
    dataId: object,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const storage = new Storage(this, dtype, tf.util.sizeFromShape(shape), { at: "array", values });
    storage.refCount = refCount;
    this.data.set(dataId, storage as never);
  }

  override readSync(dataId: object): backend_util.BackendValues {
    const storage = this.storage(dataId);
    return storage.place.at === "memory" ? (storage.values as Float32Array).slice() : super.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const storage = this.data.has(dataId) ? this.storage(dataId) : undefined;
    const isGone = super.disposeData(dataId, force);
    if (isGone && storage) this.vacate(dataId, storage);
    return isGone;
  }

  override memory(): { unreliable: boolean; reasons: string[]; engineBytes: number; engineBytesPeak: number } {
    const { inUse, peak } = this.memoryBlocks;
    return { unreliable: false, reasons: [], engineBytes: inUse, engineBytesPeak: peak };
  }

  override dispose(): void {
    void this.pool.dispose();
  }

  storage(dataId: object): Storage {
    return this.data.get(dataId) as unknown as Storage;
  }

  // Places -------------------------------------------------------------------------------------------------------------------------------

  private adopt(dtype: DataType, size: number, place: Place): object {
    const dataId = {};
    this.data.set(dataId, new Storage(this, dtype, size, place) as never);
    if ("start" in place) this.lost.register(dataId, place.start, dataId);
    return dataId;
  }

  private vacate(dataId: object, storage: Storage): void {
    const { place } = storage;
    if (!("start" in place)) return;
    this.lost.unregister(dataId);
    this.memoryBlocks.release(place.start);
    storage.place = { at: "unset" };
  }

  private settle(dataId: object, storage: Storage, place: Place & { start: number }): void {
    this.vacate(dataId, storage);
    storage.place = place;
    this.lost.register(dataId, place.start, dataId);
  }

  numbersAt(place: Place, size: number): Float32Array {
    if (place.at === "unset") return new Float32Array(size);
    if (place.at === "memory") return this.memoryBlocks.floats(place.start, size);
    if (place.at === "quantized") return this.dequantize(place);
    const start = this.memoryBlocks.allocate(size * 4);
    this.unpack(place as Packed, start);
    const values = this.memoryBlocks.floats(start, size).slice();
    this.memoryBlocks.release(start);
    return values;
  }

  // For kernels --------------------------------------------------------------------------------------------------------------------------

  /** A new float32 tensor in the engine's memory; its content is undefined. */
  output(shape: number[]): EngineTensor {
    const size = tf.util.sizeFromShape(shape);
    const start = this.memoryBlocks.allocate(size * 4);
    return { dataId: this.adopt("float32", size, { at: "memory", start }), shape, dtype: "float32", start };
  }

  /** Address of a tensor's numbers as float32, row by row; moves them into the engine's memory if they are elsewhere. */
  address(x: TensorInfo): number {
    const storage = this.storage(x.dataId);
    const { place, size } = storage;
    if (place.at === "memory") return place.start;
    if (place.at === "packed") {
      const start = this.scratch(size * 4);
      this.unpack(place, start);
      return start;
    }
    const isFloat = x.dtype === "float32" && place.at !== "quantized";
    const start = isFloat ? this.memoryBlocks.allocate(size * 4) : this.scratch(size * 4);
    const target = this.memoryBlocks.floats(start, size);
    if (place.at === "unset") target.fill(0);
    else target.set(storage.values as Float32Array);
    if (isFloat) this.settle(x.dataId, storage, { at: "memory", start });
    return start;
  }

  /** A block that is released when the kernel returns, or the `withScratch` around it. */
  scratch(bytes: number): number {
    const start = this.memoryBlocks.allocate(bytes);
    this.scratchBlocks.push(start);
    return start;
  }

  withScratch<Result>(body: () => Result): Result {
    const before = this.scratchBlocks.length;
    try {
      return body();
    } finally {
      while (this.scratchBlocks.length > before) this.memoryBlocks.release(this.scratchBlocks.pop()!);
    }
  }

  /** Address of at least `length` zeros, for a missing bias. */
  zeros(length: number): number {
    if (length > this.zeroBlock.length) {
      // Released at the kernel's end and not now: it may have the old address.
      if (this.zeroBlock.length) this.scratchBlocks.unshift(this.zeroBlock.start);
      const size = Math.max(4096, length);
      this.zeroBlock = { start: this.memoryBlocks.allocate(size * 4), length: size };
      this.memoryBlocks.floats(this.zeroBlock.start, size).fill(0);
    }
    return this.zeroBlock.start;
  }

  /** Address of a table that is made once for an object and kept for as long as the object lives. */
  table(owner: object, make: () => Float32Array): number {
    const known = this.tables.get(owner);
    if (known !== undefined) return known;
    const values = make();
    const start = this.memoryBlocks.allocate(values.length * 4);
    this.memoryBlocks.floats(start, values.length).set(values);
    this.tables.set(owner, start);
    this.lost.register(owner, start);
    return start;
  }

  // Right sides of products --------------------------------------------------------------------------------------------------------------

  /**
   * Address of a matrix in panels, packed where it is not yet; from its second use on, a tensor of one matrix is kept in panels only.
   * @param rows whether the tensor lies as `[k, columns]` or as `[columns, k]`
   * @param index which matrix of a batch
   */
  panels(x: TensorInfo, k: number, columns: number, rows: Packed["rows"], index = 0): number {
    const storage = this.storage(x.dataId);
    const { place, size } = storage;
    const isPacked = place.at === "packed";
    if (isPacked && place.rows === rows && place.k === k && place.columns === columns) return place.start;
    const isKept =
      !isPacked && x.dtype === "float32" && size === k * columns && size >= SMALLEST_KEPT && ++storage.uses[rows] > 1;
    const source = this.address(x) + index * k * columns * 4;
    const bytes = this.panelBytes(k, columns);
    const start = isKept ? this.memoryBlocks.allocate(bytes) : this.scratch(bytes);
    this.pack(source, "F32", { k, columns, rows, start });
    if (isKept) this.settle(x.dataId, storage, { at: "packed", start, k, columns, rows });
    return start;
  }

  private panelBytes(k: number, columns: number): number {
    const width = this.plan.wide.columns;
    return Math.ceil(columns / width) * width * k * 4;
  }

  private pack(source: number, kind: ElementKind, { k, columns, rows, start }: Omit<Packed, "at">): void {
    const panels = Math.ceil(columns / this.plan.wide.columns);
    const panelsPerTask = Math.max(1, Math.ceil(FLOATS_PER_TASK / (k * this.plan.wide.columns)));
    const sourceStride = (rows === "columns" ? k : columns) * elementBytes[kind];
    const values = { panelsPerTask, panels, source, sourceStride, target: start, columns, k };
    const tasks = Math.ceil(panels / panelsPerTask);
    if (rows === "columns") this.pool.run(packTransposed, { ...values, kind: elementKinds[kind] }, tasks);
    else this.pool.run(packPlain, values, tasks);
  }

  private unpack({ k, columns, rows, start }: Packed, target: number): void {
    const panels = Math.ceil(columns / this.plan.wide.columns);
    const [alongK, alongColumns] = rows === "columns" ? [4, k * 4] : [columns * 4, 4];
    const values = { panelsPerTask: 4, panels, source: start, target, columns, k, alongK, alongColumns };
    this.pool.run(unpack, values, Math.ceil(panels / 4));
  }

  // For loaders --------------------------------------------------------------------------------------------------------------------------

  /**
   * A tensor `[in, out]` straight from a checkpoint's bytes, in panels, or any other shape row by row.
   * @param layout whether the bytes lie as the shape says or, for matrices, as `[out, in]`
   */
  upload(
    shape: number[],
    kind: ElementKind,
    layout: "as-shaped" | "transposed" | "quantized",
    fill: (bytes: Uint8Array) => void,
  ): TensorInfo {
    const size = tf.util.sizeFromShape(shape);
    if (layout === "quantized") return this.uploadQuantized(shape as [number, number], kind, fill);
    if (layout === "transposed") {
      const [k, columns] = shape as [number, number];
      const start = this.memoryBlocks.allocate(this.panelBytes(k, columns));
      const dataId = this.adopt("float32", size, { at: "packed", start, k, columns, rows: "k" });
      this.filling(dataId, () =>
        this.staged(size * elementBytes[kind], fill, (staging) =>
          this.pack(staging, kind, { start, k, columns, rows: "columns" }),
        ),
      );
      return { dataId, shape, dtype: "float32" };
    }
    const tensor = this.output(shape);
    this.filling(tensor.dataId, () => {
      if (kind === "F32") return fill(this.memoryBlocks.bytes(tensor.start, size * 4));
      this.staged(size * 2, fill, (source) => {
        const values = { each: FLOATS_PER_TASK, count: size, source, target: tensor.start, kind: elementKinds[kind] };
        this.pool.run(widen, values, Math.ceil(size / FLOATS_PER_TASK));
      });
    });
    return tensor;
  }

  /** A weight stored `[out, in]` → `[in, out]` of small integers. */
  private uploadQuantized(
    [k, columns]: [number, number],
    kind: ElementKind,
    fill: (bytes: Uint8Array) => void,
  ): TensorInfo {
    const { block, kind: numbers } = this.plan.quantized;
    const words = quantizedWords(k, numbers);
    const panels = Math.ceil(columns / block.columns);
    const start = this.memoryBlocks.allocate(panels * block.columns * (words + 2) * 4);
    const dataId = this.adopt("float32", k * columns, { at: "quantized", start, k, columns });
    const scales = start + panels * block.columns * words * 4;
    const sums = scales + panels * block.columns * 4;
    this.filling(dataId, () => {
      const rows = this.upload([columns, k], kind, "as-shaped", fill);
      const values = {
        panelsPerTask: 1,
        panels,
        source: this.address(rows),
        columns,
        k,
        words,
        target: start,
        scales,
        sums,
      };
      this.pool.run(quantizeWeight, values, panels);
      this.disposeIntermediateTensorInfo(rows);
    });
    return { dataId, shape: [k, columns], dtype: "float32" };
  }

  /** What a quantized weight stands for, row by row. */
  private dequantize({ start, k, columns }: Quantized): Float32Array {
    const { block, kind } = this.plan.quantized;
    const words = quantizedWords(k, kind);
    const perWord = PER_WORD[kind];
    const panels = Math.ceil(columns / block.columns);
    const bytes = panels * block.columns * words * 4;
    const Numbers = kind === "u8" ? Int8Array : Int16Array;
    const numbers = new Numbers(this.memoryBlocks.wasm.buffer, start, panels * block.columns * words * perWord);
    const scales = this.memoryBlocks.floats(start + bytes, columns);
    const values = new Float32Array(k * columns);
    for (let column = 0; column < columns; column++) {
      const panel = Math.floor(column / block.columns) * words * block.columns;
      const lane = column % block.columns;
      for (let i = 0; i < k; i++) {
        const word = panel + Math.floor(i / perWord) * block.columns + lane;
        values[i * columns + column] = numbers[word * perWord + (i % perWord)]! * scales[column]!;
      }
    }
    return values;
  }

  /** Gives a tensor up again when what should fill it throws. */
  private filling(dataId: object, fill: () => void): void {
    try {
      fill();
    } catch (error) {
      this.disposeData(dataId);
      throw error;
    }
  }

  private staged(bytes: number, fill: (bytes: Uint8Array) => void, use: (start: number) => void): void {
    const start = this.memoryBlocks.allocate(bytes);
    try {
      fill(this.memoryBlocks.bytes(start, bytes));
      use(start);
    } finally {
      this.memoryBlocks.release(start);
    }
  }

  /** Zeros that take no memory until something reads them. */
  unset(shape: number[]): TensorInfo {
    return { dataId: this.adopt("float32", tf.util.sizeFromShape(shape), { at: "unset" }), shape, dtype: "float32" };
  }
}
