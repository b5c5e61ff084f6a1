import type { Filter } from "./metadata-filter.js";

/** Facts about an item: what JSON can hold. */
export type Metadata = Record<string, unknown>;

/** A vector to be found again. */
export interface IndexItem {
  /** Your own name for it: a path, a number of a record. An item with the same id replaces the one that is there. */
  id: string;
  /** `[width]` */
  vector: ArrayLike<number>;
  /** Kept with the vector and given back with it; filters read it. */
  metadata?: Metadata;
}

export interface SearchHit {
  id: string;
  /** The metric's value: for "cosine" from -1 to 1. */
  score: number;
  metadata: Metadata;
}

export interface SearchOptions {
  /** Hits to give. Default 10. */
  topK?: number;
  /** Better hits to leave out: the page after the first ten begins at 10. Default 0. */
  offset?: number;
  /** Which items may be hits. Default: all. */
  filter?: Filter;
  signal?: AbortSignal;
}

/** How alike two vectors are: the cosine of their angle, or their dot product. */
export type Metric = "cosine" | "dot";

/** Vectors with ids and metadata, searched by similarity: the same calls whether they are in a folder or on a server. */
export interface SearchIndex extends AsyncDisposable {
  /** Items in the index. */
  readonly size: number;
  /**
   * Puts items in, all or none of them; one whose id is there already replaces it.
   *
   * @throws SearchError `search/item`, `search/metadata`, `search/width`, `search/not-finite`
   */
  add(items: readonly IndexItem[]): Promise<void>;
  /**
   * Takes items out, one by its id or many; ids that are not there are passed over.
   *
   * @returns how many there were
   * @throws SearchError `search/item`
   */
  remove(ids: string | readonly string[]): Promise<number>;
  /**
   * The items most like a vector, best first; hits of the same score in the order of their ids.
   *
   * @throws SearchError `search/width`, `search/not-finite`, `search/filter`; InputError `input/option`
   */
  search(query: ArrayLike<number>, options?: SearchOptions): Promise<SearchHit[]>;
  search(queries: readonly ArrayLike<number>[], options?: SearchOptions): Promise<SearchHit[][]>;
  /** Makes all that was added and removed lasting. */
  save(): Promise<void>;
  /** Gives memory, files and connections back. What was not saved is lost. */
  close(): Promise<void>;
}
