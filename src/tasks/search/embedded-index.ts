import { SearchError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import { checkIds, checkItems } from "./check-items.js";
import { dot } from "./dot.js";
import { IndexFolder } from "./index-folder.js";
import { checkSettings } from "./index-settings.js";
import { ItemTable } from "./item-table.js";
import type { Manifest, SegmentEntry } from "./manifest.js";
import { predicateOf } from "./metadata-filter.js";
import type { IndexOptions } from "./open-index.js";
import type { IndexItem, Metadata, SearchHit, SearchIndex, SearchOptions } from "./search-index.js";
import { searchRequest } from "./search-request.js";
import { metadataOf, readLine, removalLine } from "./segment-lines.js";
import { checkTensors, readRows, readVector, tensorsOf } from "./segment-tensors.js";
import { TopHits } from "./top-hits.js";
import { VectorRows } from "./vector-rows.js";

/** A segment of the disk and where its rows are in memory. */
interface Segment {
  entry: SegmentEntry;
  /** Slot of each row. */
  slots: number[];
  /** Ids of earlier segments' items that are gone. */
  removals: string[];
  vectors: Checkpoint;
}

/** Candidates by int8 that float32 ranks: among them were all of the true best ten of the benchmark's 200 queries over a million vectors. */
const CANDIDATES = { least: 64, timesWanted: 4 };
/** A writer may merge segments while a reader opens them; it does so seldom. */
const MOST_TRIES = 5;

/** An index in a folder, with all vectors in memory. Made by `openIndex`. */
export class EmbeddedIndex implements SearchIndex {
  private readonly table = new ItemTable();
  private rows: VectorRows | undefined;
  private segments: Segment[] = [];
  /** Where a slot's item is on the disk; undefined for one that is not saved. */
  private readonly homes: ({ segment: Segment; row: number } | undefined)[] = [];
  /** Slots whose item is new since the last save. */
  private readonly unsaved = new Set<number>();
  private readonly unsavedRemovals = new Set<string>();
  /** float32 vectors of unsaved items, where rows in memory are int8. */
  private readonly exact = new Map<number, Float32Array>();
  private tail: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  private constructor(
    private readonly folder: IndexFolder,
    private readonly settings: Omit<Manifest, "width" | "next" | "segments">,
    private readonly threads: number | undefined,
    private readonly isWritable: boolean,
  ) {}

  /** @throws as `openIndex` */
  static async open(path: string, options: IndexOptions): Promise<EmbeddedIndex> {
    const { mode = "write", threads } = options;
    for (let tries = 1; ; tries++) {
      const folder = await IndexFolder.open(path, mode);
      let index: EmbeddedIndex | undefined;
      try {
        const { manifest } = folder;
        if (manifest) checkSettings(manifest, options, `the index "${path}"`);
        const { metric = "cosine", precision = "float32", fingerprint = null } = { ...options, ...manifest };
        index = new EmbeddedIndex(folder, { metric, precision, fingerprint }, threads, mode === "write");
        const width = manifest?.width ?? options.width;
        if (width !== undefined) index.rows = index.makeRows(width);
        if (manifest) await index.load(manifest);
        return index;
      } catch (error) {
        await (index ? index.close() : folder.close());
        const isMoved = error instanceof SearchError && error.code === "search/segment" && mode === "read";
        if (!isMoved || tries >= MOST_TRIES) throw error;
      }
    }
  }

  get size(): number {
    return this.table.size;
  }
  /** Numbers of a vector; undefined for an empty index that does not know yet. */
  get width(): number | undefined {
    return this.rows?.width;
  }
  /** Of the model and preprocessing that made the vectors; null where nobody said. */
  get fingerprint(): string | null {
    return this.settings.fingerprint;
  }
  /** All ids. */
  ids(): string[] {
    return [...this.table.allIds()];
  }

  add(items: readonly IndexItem[]): Promise<void> {
    return this.turn(async () => {
      this.assertWritable();
      const checked = checkItems(items, this.settings.metric, this.rows?.width);
      if (checked.length === 0) return;
      this.rows ??= this.makeRows(checked[0]!.vector.length);
      this.rows.reserve(this.table.end + checked.filter(({ id }) => this.table.slotOf(id) === undefined).length);
      for (const { id, line, vector } of checked) {
        const slot = this.table.put(id, line);
        this.rows.set(slot, vector);
        if (this.settings.precision === "int8") this.exact.set(slot, vector);
        this.homes[slot] = undefined;
        this.unsaved.add(slot);
      }
    });
  }

  remove(ids: string | readonly string[]): Promise<number> {
    return this.turn(async () => {
      this.assertWritable();
      let removed = 0;
      for (const id of checkIds(ids)) {
        const slot = this.table.remove(id);
        if (slot === undefined) continue;
        removed++;
        this.unsaved.delete(slot);
        this.exact.delete(slot);
        this.homes[slot] = undefined;
        this.unsavedRemovals.add(id);
      }
      return removed;
    });
  }

  /** An item as it is kept: its vector has length 1 with the metric "cosine", and is rounded with precision "int8-only". */
  get(id: string): Promise<(Required<IndexItem> & { vector: Float32Array; metadata: Metadata }) | undefined> {
    return this.turn(async () => {
      const slot = this.table.slotOf(id);
      if (slot === undefined) return undefined;
      return { id, vector: this.vectorAt(slot), metadata: metadataOf(this.table.lineAt(slot)) };
    });
  }

  search(query: ArrayLike<number>, options?: SearchOptions): Promise<SearchHit[]>;
  search(queries: readonly ArrayLike<number>[], options?: SearchOptions): Promise<SearchHit[][]>;
  search(queries: ArrayLike<number> | readonly ArrayLike<number>[], options: SearchOptions = {}) {
    return this.turn(async () => {
      const { width } = this;
      const request = searchRequest(queries, options, { metric: this.settings.metric, width });
      const { vectors, topK, offset, filter, signal } = request;
      const fits = filter && predicateOf(filter);
      const accepts = (slot: number) =>
        this.table.idAt(slot) !== undefined && (!fits || fits(metadataOf(this.table.lineAt(slot))));
      const all = await this.best(vectors, offset + topK, accepts, signal);
      const hits = all.map((best) =>
        best.slice(offset).map(({ slot, score }): SearchHit => {
          return { id: this.table.idAt(slot)!, score, metadata: metadataOf(this.table.lineAt(slot)) };
        }),
      );
      return request.answer(hits);
    });
  }

  /** @throws SearchError `search/write-failed`, `search/read-only`; what was not saved is then still here, to be saved again */
  save(): Promise<void> {
    return this.turn(async () => {
      this.assertWritable();
      if (!this.rows || (this.unsaved.size === 0 && this.unsavedRemovals.size === 0)) return;
      const { kept, merged } = this.chooseMerge();
      const slots = [...merged.flatMap((segment) => liveSlots(segment, this.homes)), ...this.unsaved];
      // What is gone matters only to segments that stay.
      const removals =
        kept.length === 0 ? [] : [...new Set([...merged.flatMap(({ removals }) => removals), ...this.unsavedRemovals])];
      const { next = 0 } = this.folder.manifest ?? {};
      const manifest = { width: this.rows.width, ...this.settings, next, segments: kept.map(({ entry }) => entry) };
      const entry = await this.folder.commit(
        manifest,
        slots.length + removals.length === 0
          ? undefined
          : {
              tensors: tensorsOf(this.rows, slots, this.settings.precision, (slot, target) =>
                this.readExact(slot, target),
              ),
              items: slots.map((slot) => this.table.lineAt(slot)),
              removals: removals.map(removalLine),
            },
      );
      this.segments = kept;
      if (entry) await this.adopt(entry, slots, removals);
      this.unsaved.clear();
      this.unsavedRemovals.clear();
      this.exact.clear();
      for (const { vectors } of merged) await vectors.close();
      await this.folder.sweep();
    });
  }

  close(): Promise<void> {
    const closed = this.tail.then(async () => {
      if (this.isClosed) return;
      this.isClosed = true;
      for (const { vectors } of this.segments) await vectors.close();
      await this.rows?.dispose();
      await this.folder.close();
    });
    this.tail = closed.catch(() => {});
    return closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One call after another: none sees what another has half done. */
  private turn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.tail.then(() => {
      if (this.isClosed)
        throw new SearchError("search/closed", "This index was closed; open it again before you use it.");
      return work();
    });
    this.tail = result.catch(() => {});
    return result;
  }

  private makeRows(width: number): VectorRows {
    return new VectorRows(width, this.settings.precision === "float32" ? "float32" : "int8", this.threads);
  }

  private async load(manifest: Manifest): Promise<void> {
    for (const entry of manifest.segments) {
      const { lines, vectors } = await this.folder.readSegment(entry);
      const segment: Segment = { entry, slots: [], removals: [], vectors };
      this.segments.push(segment);
      checkTensors(vectors, entry, manifest.precision, manifest.width);
      const parsed = lines.map(readLine);
      parsed.forEach((line, index) => {
        if (line && ("id" in line ? index < entry.rows : index >= entry.rows)) return;
        throw new SearchError("search/segment", `Line ${index + 1} of segment "${entry.name}" is none of an index.`, {
          details: { segment: entry.name, line: index + 1 },
        });
      });
      for (const line of parsed) {
        if (!line || !("removed" in line)) continue;
        segment.removals.push(line.removed);
        const slot = this.table.remove(line.removed);
        if (slot !== undefined) this.homes[slot] = undefined;
      }
      for (let row = 0; row < entry.rows; row++) {
        const slot = this.table.put((parsed[row] as { id: string }).id, lines[row]!);
        this.homes[slot] = { segment, row };
        segment.slots.push(slot);
      }
    }
    this.rows!.reserve(this.table.end);
    for (const segment of this.segments) {
      const isHere = (slot: number, row: number) =>
        this.homes[slot]?.segment === segment && this.homes[slot].row === row;
      const slots = Int32Array.from(segment.slots, (slot, row) => (isHere(slot, row) ? slot : -1));
      await readRows(segment.vectors, slots, this.rows!);
    }
  }

  /**
   * A new segment takes in those before it as long as they are not more than twice as large. So there are few segments, each much smaller than the
   * one before, and an item is written some log₂(size) times in all.
   */
  private chooseMerge(): { kept: Segment[]; merged: Segment[] } {
    let rows = this.unsaved.size + this.unsavedRemovals.size;
    let first = this.segments.length;
    while (first > 0) {
      const live = liveSlots(this.segments[first - 1]!, this.homes).length;
      if (live > 2 * rows) break;
      rows += live;
      first--;
    }
    return { kept: this.segments.slice(0, first), merged: this.segments.slice(first) };
  }

  private async adopt(entry: SegmentEntry, slots: number[], removals: string[]): Promise<void> {
    const { vectors } = await this.folder.readSegment(entry);
    const segment: Segment = { entry, slots, removals, vectors };
    this.segments = [...this.segments, segment];
    for (const [row, slot] of slots.entries()) this.homes[slot] = { segment, row };
  }

  private async best(
    queries: readonly Float32Array[],
    wanted: number,
    accepts: (slot: number) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ slot: number; score: number }[][]> {
    const { rows, table } = this;
    if (!rows) return queries.map(() => []);
    const isBefore = (a: number, b: number) => table.idAt(a)! < table.idAt(b)!;
    const isRescored = this.settings.precision === "int8";
    const limit = isRescored ? Math.max(CANDIDATES.least, CANDIDATES.timesWanted * wanted) : wanted;
    const best = queries.map(() => new TopHits(limit, isBefore));
    await rows.scan(queries, best, table.end, accepts, signal);
    if (!isRescored) return best.map((hits) => hits.sorted());
    return best.map((hits, q) => {
      const again = new TopHits(wanted, isBefore);
      for (const { slot } of hits.sorted()) again.add(dot(this.vectorAt(slot), queries[q]!), slot);
      return again.sorted();
    });
  }

  private vectorAt(slot: number): Float32Array {
    if (this.settings.precision !== "int8") return this.rows!.get(slot);
    const vector = new Float32Array(this.rows!.width);
    this.readExact(slot, new Uint8Array(vector.buffer));
    return vector;
  }

  private readExact(slot: number, target: Uint8Array): void {
    const vector = this.exact.get(slot);
    const home = this.homes[slot];
    if (vector) target.set(new Uint8Array(vector.buffer));
    else readVector(home!.segment.vectors, home!.row, target);
  }

  private assertWritable(): void {
    if (!this.isWritable)
      throw new SearchError(
        "search/read-only",
        'The index was opened with mode "read". Open it with mode "write" to change it.',
      );
  }
}

/** Slots of a segment's rows that are still the item's newest. */
const liveSlots = (segment: Segment, homes: EmbeddedIndex["homes"]): number[] =>
  segment.slots.filter((slot, row) => homes[slot]?.segment === segment && homes[slot].row === row);
