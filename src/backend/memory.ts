import { EngineError } from "../errors.js";

const PAGE = 65536;
/** Blocks begin on a cache line and end on one. */
const ALIGNMENT = 64;
/** Vectors may read, never write, a little past a block. */
const SLACK = 256;
/** 16 MiB: steps of growth are address space, not resident memory. */
const GROWTH_PAGES = 256;

interface Hole {
  start: number;
  size: number;
}

/** The engine's memory and who has which part of it: best fit, neighbors joined on release. All sizes and addresses in bytes. */
export class EngineMemory {
  readonly wasm: WebAssembly.Memory;
  /** Sorted by start, never adjacent. */
  private readonly holes: Hole[] = [];
  private readonly blocks = new Map<number, number>();
  /** First byte that was never handed out. */
  private end: number;
  private used = 0;
  private most = 0;

  /** @param reserved bytes at the beginning that are never handed out */
  constructor(
    reserved: number,
    readonly kind: "shared" | "plain",
    private readonly mostPages = PAGE,
  ) {
    this.wasm = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: kind === "shared" });
    this.end = reserved;
  }

  /** Bytes in blocks now. */
  get inUse(): number {
    return this.used;
  }
  /** The most bytes that were in blocks at once. */
  get peak(): number {
    return this.most;
  }

  /** The address of a new block; its content is undefined. */
  allocate(bytes: number): number {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const start = this.takeHole(size) ?? this.append(size);
    this.blocks.set(start, size);
    this.used += size;
    this.most = Math.max(this.most, this.used);
    return start;
  }

  private takeHole(size: number): number | undefined {
    let best = -1;
    for (let i = 0; i < this.holes.length; i++) {
      const hole = this.holes[i]!;
      if (hole.size >= size && (best < 0 || hole.size < this.holes[best]!.size)) best = i;
    }
    if (best < 0) return undefined;
    const hole = this.holes[best]!;
    const { start } = hole;
    if (hole.size === size) this.holes.splice(best, 1);
    else {
      hole.start += size;
      hole.size -= size;
    }
    return start;
  }

  private append(size: number): number {
    const last = this.holes.at(-1);
    const joins = last !== undefined && last.start + last.size === this.end;
    const start = joins ? last.start : this.end;
    this.reserve(start + size + SLACK);
    if (joins) this.holes.pop();
    this.end = start + size;
    return start;
  }

  private reserve(end: number): void {
    const have = this.wasm.buffer.byteLength / PAGE;
    const missing = Math.ceil(end / PAGE) - have;
    if (missing <= 0) return;
    const room = this.mostPages - have;
    try {
      if (missing > room) throw new RangeError(`the limit is ${this.mostPages} pages`);
      this.wasm.grow(Math.min(room, Math.max(missing, GROWTH_PAGES)));
    } catch (cause) {
      const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
      throw new EngineError(
        "engine/out-of-memory",
        `The engine's memory can't grow: ${mebibytes(this.used)} MiB are in use and ${mebibytes(missing * PAGE)} MiB more are wanted. ` +
          "Use smaller batches, or dispose models that are not needed.",
        { cause, details: { inUse: this.used, wanted: missing * PAGE } },
      );
    }
  }

  release(start: number): void {
    const size = this.blocks.get(start);
    if (size === undefined) throw new Error(`no block begins at ${start}`);
    this.blocks.delete(start);
    this.used -= size;
    let index = 0;
    for (let high = this.holes.length; index < high; ) {
      const middle = (index + high) >> 1;
      if (this.holes[middle]!.start < start) index = middle + 1;
      else high = middle;
    }
    const before = this.holes[index - 1];
    const after = this.holes[index];
    const joinsBefore = before !== undefined && before.start + before.size === start;
    const joinsAfter = after !== undefined && start + size === after.start;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      this.holes.splice(index, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.start = start;
      after.size += size;
    } else this.holes.splice(index, 0, { start, size });
  }

  /** A view of the moment: on a shared memory it stays valid when the memory grows, on a plain one it does not. */
  floats(start: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.wasm.buffer as ArrayBuffer, start, length);
  }
  /** As `floats`. */
  bytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.wasm.buffer as ArrayBuffer, start, length);
  }
  /** A view of all of it, of the moment. */
  all(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.wasm.buffer as ArrayBuffer);
  }
  /** Whether a view shows this memory. */
  owns({ buffer }: ArrayBufferView): boolean {
    // Each growth of a shared memory makes a new buffer object for the same bytes; nothing else here hands out shared buffers.
    return buffer === this.wasm.buffer || (this.kind === "shared" && buffer instanceof SharedArrayBuffer);
  }
}
