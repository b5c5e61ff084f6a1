import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { backend_util, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { type EngineCode, engineModule, type KernelPlan } from "./engine-module.js";
import { halfMatrix } from "./matrix-formats/half-matrix.js";
import { type Fill, type MatrixFormat, type PlacedMatrix, packFromFile } from "./matrix-formats/matrix-format.js";
import { packedMatrix } from "./matrix-formats/packed-matrix.js";
import { integerMatrix, quantizedMatrix, setScales } from "./matrix-formats/quantized-matrix.js";
import type { EngineMemory } from "./memory.js";
import { createSpace, isWorthTrimming, type Space } from "./space.js";
import { type Packed, type Place, type PlaceReader, Storage } from "./storage.js";
import { type ElementKind, elementKinds, widen } from "./tasks/pack.js";
import type { ThreadPool } from "./thread-pool.js";
import { type Cancel, remindCollector, soon } from "./threads-node.js";

export const BACKEND_NAME = "vitrail";
/** Smaller right sides are packed anew for each product, which costs next to nothing. */
const SMALLEST_KEPT = 256;
/** Floats that a task moves, so that it takes some 20 µs. */
const FLOATS_PER_TASK = 65536;

/** How the weights of a model's blocks are kept. */
export const WEIGHT_PRECISIONS = ["float32", "float16", "int8"] as const;
export type WeightPrecision = (typeof WEIGHT_PRECISIONS)[number];

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
  private readonly code: EngineCode;
  private space: Space;
  private readonly scratchBlocks: number[] = [];
  private trimming: Cancel | undefined;
  /** Bytes of the memory that `trim` replaced last, which nothing holds any more, until it is collected. */
  private uncollected = 0;
  private readonly collected = new FinalizationRegistry(() => {
    this.uncollected = 0;
  });

  constructor(
    readonly plan: KernelPlan,
    threads: number,
  ) {
    super();
    this.code = engineModule(plan);
    this.space = createSpace(plan, this.code, threads);
  }

  get memoryBlocks(): EngineMemory {
    return this.space.memory;
  }
  get pool(): ThreadPool {
    return this.space.pool;
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
    if (isWorthTrimming(this.space)) this.trimming ??= soon(() => this.trim());
    return isGone;
  }

  /**
   * Gives the memory back to the system when the last tensor has left it, as when a model was disposed. WebAssembly's memory can't shrink, so
   * the engine goes on with a new one, and new threads. While the one that was replaced before waits to be collected, it keeps what it has: a
   * program that loads and disposes all the time is faster than the collector. It keeps it too where there is no address space for a second.
   */
  private trim(): void {
    this.trimming = undefined;
    const { pool, memory } = this.space;
    if (this.uncollected > 0) {
      remindCollector(this.uncollected);
      this.trimming = soon(() => this.trim());
      return;
    }
    if (!isWorthTrimming(this.space)) return;
    try {
      this.space = createSpace(this.plan, this.code, pool.size);
    } catch {
      return;
    }
    this.uncollected = memory.wasm.buffer.byteLength;
    this.collected.register(memory.wasm, undefined);
    void pool.dispose().then(() => {
      this.trimming ??= soon(() => this.trim());
    });
  }

  override memory(): { unreliable: boolean; reasons: string[]; engineBytes: number; engineBytesPeak: number } {
    const { inUse, peak } = this.memoryBlocks;
    return { unreliable: false, reasons: [], engineBytes: inUse, engineBytesPeak: peak };
  }

  override dispose(): void {
    this.trimming?.();
    this.trimming = () => {}; // a pool that is still ending asks for no other trim
    void this.pool.dispose();
  }

  storage(dataId: object): Storage {
    return this.data.get(dataId) as unknown as Storage;
  }

  // Places -------------------------------------------------------------------------------------------------------------------------------

  private adopt(dtype: DataType, size: number, place: Place): object {
    const dataId = {};
    this.data.set(dataId, new Storage(this, dtype, size, place) as never);
    if ("start" in place) this.space.lost.register(dataId, place.start, dataId);
    return dataId;
  }

  private vacate(dataId: object, storage: Storage): void {
    const { place } = storage;
    if (!("start" in place)) return;
    this.space.lost.unregister(dataId);
    this.memoryBlocks.release(place.start);
    if (storage.copy) this.memoryBlocks.release(storage.copy.start);
    storage.copy = undefined;
    storage.place = { at: "unset" };
  }

  private settle(dataId: object, storage: Storage, place: Place & { start: number }): void {
    this.vacate(dataId, storage);
    storage.place = place;
    this.space.lost.register(dataId, place.start, dataId);
  }

  numbersAt(place: Place, size: number): Float32Array {
    if (place.at === "memory") return this.memoryBlocks.floats(place.start, size);
    if (place.at === "unset" || place.at === "array") return new Float32Array(size);
    return this.withScratch(() => {
      const start = this.scratch(size * 4);
      this.unpack(place, start);
      return this.memoryBlocks.floats(start, size).slice();
    });
  }

  private unpack(place: Exclude<Place, { at: "array" | "memory" | "unset" }>, target: number): void {
    if (place.at === "packed") packedMatrix.unpack(this, place, target);
    else if (place.at === "half") halfMatrix.unpack(this, place, target);
    else quantizedMatrix.unpack(this, place, target);
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
    if (place.at !== "array" && place.at !== "unset") {
      const start = this.scratch(size * 4);
      this.unpack(place, start);
      return start;
    }
    const isFloat = x.dtype === "float32";
    const start = isFloat ? this.memoryBlocks.allocate(size * 4) : this.scratch(size * 4);
    const target = this.memoryBlocks.floats(start, size);
    if (place.at === "unset") target.fill(0);
    else target.set(place.values as Float32Array);
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

  /**
   * Address of at least `length` zeros, for a missing bias. A block that has become too small stays, since a kernel may have its address; as sizes
   * double, all of them together are smaller than the last.
   */
  zeros(length: number): number {
    const { space } = this;
    if (length > space.zeros.length) {
      const size = 2 ** Math.ceil(Math.log2(Math.max(4096, length)));
      space.zeros = { start: space.own(size * 4), length: size };
      this.memoryBlocks.floats(space.zeros.start, size).fill(0);
    }
    return space.zeros.start;
  }

  /** Address of a table that is made once for an object and kept for as long as the object lives. */
  table(owner: object, make: () => Float32Array): number {
    const { tables } = this.space;
    const known = tables.get(owner);
    if (known !== undefined) return known;
    const values = make();
    const start = this.space.own(values.length * 4);
    this.memoryBlocks.floats(start, values.length).set(values);
    tables.set(owner, start);
    this.space.lostTables.register(owner, start);
    return start;
  }

  /**
   * Address of a tensor's numbers in another form, made once and kept for as long as the tensor lives.
   *
   * @param form tells forms of one tensor apart; only the first one asked for is kept
   * @param make writes the copy from the address of the numbers to its own
   */
  copyOf(x: TensorInfo, form: number, bytes: number, make: (source: number, target: number) => void): number {
    const source = this.address(x);
    const storage = this.storage(x.dataId);
    if (storage.copy?.form === form) return storage.copy.start;
    const isKept = storage.place.at === "memory" && !storage.copy;
    const start = isKept ? this.memoryBlocks.allocate(bytes) : this.scratch(bytes);
    make(source, start);
    if (isKept) {
      storage.copy = { start, form };
      this.space.lost.register(x.dataId, start, x.dataId);
    }
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
    const isPacked = place.at === "packed" || place.at === "half" || place.at === "quantized";
    if (place.at === "packed" && place.rows === rows && place.k === k && place.columns === columns) return place.start;
    const isKept =
      !isPacked && x.dtype === "float32" && size === k * columns && size >= SMALLEST_KEPT && ++storage.uses[rows] > 1;
    const source = this.address(x) + index * k * columns * 4;
    const bytes = packedMatrix.bytes(this, k, columns);
    const start = isKept ? this.memoryBlocks.allocate(bytes) : this.scratch(bytes);
    packedMatrix.packFrom(this, source, { k, columns, rows, start });
    if (isKept) this.settle(x.dataId, storage, { at: "packed", start, k, columns, rows });
    return start;
  }

  // For loaders --------------------------------------------------------------------------------------------------------------------------

  /** A tensor straight from a checkpoint's bytes, which lie as its shape says. */
  upload(shape: number[], kind: ElementKind, fill: (bytes: Uint8Array) => void): TensorInfo {
    const size = tf.util.sizeFromShape(shape);
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

  /**
   * A weight `[k, columns]` straight from a checkpoint's bytes, which lie as `[columns, k]`, in a form that products read.
   */
  uploadMatrix([k, columns]: [number, number], kind: ElementKind, precision: WeightPrecision, fill: Fill): TensorInfo {
    const adopt = <Matrix extends Place & PlacedMatrix>(format: MatrixFormat<Matrix>, place: Omit<Matrix, "start">) => {
      const start = this.memoryBlocks.allocate(format.bytes(this, k, columns));
      const matrix = { ...place, start } as Matrix;
      const dataId = this.adopt("float32", k * columns, matrix);
      this.filling(dataId, () => packFromFile(this, format, kind, matrix, fill));
      return { dataId, shape: [k, columns], dtype: "float32" as const };
    };
    if (precision === "float16") return adopt(halfMatrix, { at: "half", k, columns });
    if (precision === "int8") return adopt(quantizedMatrix, { at: "quantized", k, columns });
    return adopt(packedMatrix, { at: "packed", rows: "k", k, columns });
  }

  /**
   * A weight of small integers `[k, columns]`, which lie as `[columns, k]`, with the scale of each column.
   * @param fill writes the integers as float32, from byte `begin` of these on
   */
  uploadIntegers(
    [k, columns]: [number, number],
    scales: Float32Array,
    fill: (bytes: Uint8Array, begin: number) => void,
  ): TensorInfo {
    const start = this.memoryBlocks.allocate(integerMatrix.bytes(this, k, columns));
    const matrix = { at: "quantized" as const, start, k, columns };
    const dataId = this.adopt("float32", k * columns, matrix);
    this.filling(dataId, () =>
      packFromFile(this, integerMatrix, "F32", matrix, (bytes, begin = 0) => fill(bytes, begin)),
    );
    setScales(this, matrix, scales);
    return { dataId, shape: [k, columns], dtype: "float32" as const };
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
