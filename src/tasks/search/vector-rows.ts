import { paddedWidth, ScoringEngine } from "../../backend/scoring-engine.js";
import { EngineError, SearchError } from "../../errors.js";

/** How rows lie in memory: as they came, or as bytes with a scale a row, which take a quarter. */
export type RowFormat = "float32" | "int8";

/** What a query's scores are offered to. */
export interface Collector {
  /** A score below it need not be offered. */
  readonly bar: number;
  add(score: number, slot: number): void;
}

interface Block {
  /** Address of the rows. */
  start: number;
  /** Address of the rows' scales, where there are any. */
  scales: number;
  /** The first row's slot. */
  first: number;
  count: number;
}

/** Fewer rows than this are not worth a block; more need too much memory for their scores. */
const BLOCK_ROWS = { least: 1024, most: 131_072 };
/** Queries that one pass over the rows answers: a multiple of every panel width, and 25 MB of scores. */
const QUERIES_PER_PASS = 48;
/** A dot product of int8 with int16 adds width / 4 products in one 32-bit integer. */
const LARGEST_SUM = 2 ** 31 - 1;
/** So long a search holds the event loop at most. */
const PATIENCE_MS = 50;

/** Vectors in the engine's memory, each in a slot, that can be compared with queries all at once. */
export class VectorRows {
  private readonly engine: ScoringEngine;
  private readonly blocks: Block[] = [];
  private readonly padded: number;
  private readonly elementBytes: number;

  constructor(
    /** Numbers of a vector. */
    readonly width: number,
    readonly format: RowFormat,
    threads?: number,
  ) {
    this.engine = new ScoringEngine(threads);
    this.padded = paddedWidth(width);
    this.elementBytes = format === "float32" ? 4 : 1;
  }

  /** Slots that there are. */
  get capacity(): number {
    const last = this.blocks.at(-1);
    return last ? last.first + last.count : 0;
  }

  /**
   * Makes room for as many slots in all.
   *
   * @throws SearchError `search/too-large`
   */
  reserve(slots: number): void {
    while (this.capacity < slots) {
      // Doubling, so that a growing index has few blocks.
      const wanted = Math.max(BLOCK_ROWS.least, this.capacity, slots - this.capacity);
      const count = Math.min(BLOCK_ROWS.most, wanted);
      const rowBytes = this.padded * this.elementBytes;
      try {
        const start = this.engine.memory.allocate(count * rowBytes + (this.format === "int8" ? count * 4 : 0));
        // What pads a row must be zero, and memory that had another use is not.
        if (this.padded > this.width) this.engine.memory.bytes(start, count * rowBytes).fill(0);
        this.blocks.push({ start, scales: start + count * rowBytes, first: this.capacity, count });
      } catch (cause) {
        if (!(cause instanceof EngineError) || cause.code !== "engine/out-of-memory") throw cause;
        throw new SearchError(
          "search/too-large",
          `The index has ${this.capacity} vectors of width ${this.width} in memory as ${this.format}, and WebAssembly's 4 GiB hold no more. ` +
            'Use precision "int8", or an index on a server.',
          { cause, details: { rows: this.capacity, width: this.width, format: this.format } },
        );
      }
    }
  }

  /** The bytes of a slot as a segment's file has them, to be read or to be filled: `[width]` of float32 or of int8. */
  bytesAt(slot: number): Uint8Array {
    const { start, first } = this.blockOf(slot);
    const at = start + (slot - first) * this.padded * this.elementBytes;
    return this.engine.memory.bytes(at, this.width * this.elementBytes);
  }

  /** What a slot's int8 are multiples of. */
  scaleAt(slot: number): number {
    return this.scales(slot)[0]!;
  }
  setScale(slot: number, scale: number): void {
    this.scales(slot)[0] = scale;
  }

  /**
   * Puts a vector into a slot. As int8, each number is rounded to a multiple of a 127th of the largest, and the scale is that by which the product of
   * the vector with itself stays what it is. `[width]`
   */
  set(slot: number, vector: Float32Array): void {
    const target = this.bytesAt(slot);
    if (this.format === "float32") {
      target.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
      return;
    }
    const most = largest(vector);
    const codes = new Int8Array(target.buffer, target.byteOffset, target.length);
    const perUnit = most === 0 ? 0 : 127 / most;
    let [squares, product] = [0, 0];
    for (let i = 0; i < codes.length; i++) {
      const value = vector[i]!;
      const code = Math.round(value * perUnit);
      codes[i] = code;
      squares += value * value;
      product += value * code;
    }
    this.setScale(slot, most === 0 ? 0 : squares / product);
  }

  /** A slot's vector, rounded where it is kept as int8. `[width]` */
  get(slot: number): Float32Array {
    const bytes = this.bytesAt(slot);
    if (this.format === "float32") return new Float32Array(bytes.slice().buffer);
    const scale = this.scaleAt(slot);
    return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), (code) => code * scale);
  }

  /**
   * Compares queries with the rows of all slots below `end` and offers what is good enough to each query's collector.
   *
   * @param queries `[width]` each
   * @param accepts asked only about slots that are good enough
   */
  async scan(
    queries: readonly Float32Array[],
    best: readonly Collector[],
    end: number,
    accepts: (slot: number) => boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    let since = performance.now();
    for (let from = 0; from < queries.length; from += QUERIES_PER_PASS) {
      const some = queries.slice(from, from + QUERIES_PER_PASS).map((query) => this.prepare(query));
      const rows = Math.max(0, ...this.blocks.map(({ count }) => count));
      const scores = this.engine.memory.allocate(this.engine.scoreBytesOf(rows, some.length));
      try {
        for (const block of this.blocks.filter(({ first }) => first < end)) {
          this.scanBlock(block, end, some, scores, best.slice(from), accepts);
          if (performance.now() - since < PATIENCE_MS) continue;
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          since = performance.now();
        }
      } finally {
        this.engine.memory.release(scores);
      }
    }
  }

  dispose(): Promise<void> {
    return this.engine.dispose();
  }

  private scanBlock(
    { start, scales, first, count: most }: Block,
    end: number,
    queries: readonly Query[],
    at: number,
    best: readonly Collector[],
    accepts: (slot: number) => boolean,
  ): void {
    const count = Math.min(most, end - first);
    const rows = { start, count, width: this.padded };
    const { stride, perQuery } =
      this.format === "float32"
        ? this.engine.scoreFloats(
            rows,
            queries.map(({ floats }) => floats),
            at,
          )
        : this.engine.scoreBytes(
            rows,
            scales,
            queries.map(({ codes }) => codes),
            at,
          );
    const scores = this.engine.memory.floats(at, (count - 1) * stride + (queries.length - 1) * perQuery + 1);
    for (const [q, { scale }] of queries.entries()) {
      const hits = best[q]!;
      let bar = hits.bar;
      for (let row = 0, i = q * perQuery; row < count; row++, i += stride) {
        const score = scores[i]! * scale;
        if (!(score >= bar) || !accepts(first + row)) continue;
        hits.add(score, first + row);
        bar = hits.bar;
      }
    }
  }

  private prepare(query: Float32Array): Query {
    if (this.format === "float32") return { floats: query, codes: new Int16Array(0), scale: 1 };
    const steps = Math.min(32767, Math.floor(LARGEST_SUM / (127 * Math.ceil(this.padded / 4))));
    const scale = largest(query) / steps;
    const codes = Int16Array.from(query, (value) => (scale === 0 ? 0 : Math.round(value / scale)));
    return { floats: query, codes, scale };
  }

  private scales(slot: number): Float32Array {
    const { scales, first } = this.blockOf(slot);
    return this.engine.memory.floats(scales + (slot - first) * 4, 1);
  }

  private blockOf(slot: number): Block {
    for (let i = this.blocks.length - 1; i >= 0; i--) if (this.blocks[i]!.first <= slot) return this.blocks[i]!;
    throw new Error(`there is no slot ${slot}`);
  }
}

interface Query {
  floats: Float32Array;
  codes: Int16Array;
  /** What a score has to be multiplied by. */
  scale: number;
}

function largest(vector: Float32Array): number {
  // By index, which takes an eighth of the time of an iterator and Math.max.
  let most = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i]!);
    if (size > most) most = size;
  }
  return most;
}
