import { SearchError } from "../../errors.js";
import { isWellFormed } from "../../io/json-tokens.js";
import type { IndexItem, Metric } from "./search-index.js";
import { itemLine } from "./segment-lines.js";

/** An item that can be taken in. */
export interface CheckedItem {
  id: string;
  line: string;
  /** As the metric wants it: of length 1 for "cosine". */
  vector: Float32Array;
}

/** Squares of numbers, and products of vectors, of this length stay far inside float32. */
const LONGEST = 1e18;

/**
 * Items as an index takes them.
 *
 * @param width of the index; undefined where the first item decides
 * @throws SearchError `search/item`, `search/metadata`, `search/width`, `search/not-finite`
 */
export function checkItems(items: readonly IndexItem[], metric: Metric, width: number | undefined): CheckedItem[] {
  if (!Array.isArray(items))
    throw new SearchError(
      "search/item",
      `Items came as ${items === null ? "null" : typeof items}; wanted a list of { id, vector, metadata }.`,
    );
  let wanted = width;
  return (items as readonly IndexItem[]).map((item, index) => {
    const id = checkId(item?.id, `Item ${index}`);
    const vector = checkVector(item.vector, metric, wanted, `The vector of "${id}"`);
    wanted = vector.length;
    return { id, line: itemLine(id, item.metadata), vector };
  });
}

/** @throws SearchError `search/item` for what is no id */
function checkId(id: unknown, what: string): string {
  if (typeof id === "string" && id !== "" && isWellFormed(id)) return id;
  const found = typeof id === "string" ? JSON.stringify(id) : typeof id;
  throw new SearchError("search/item", `${what} has ${found} for an id; wanted a string that is not empty.`);
}

/**
 * Ids to be taken out: one, or a list.
 *
 * @throws SearchError `search/item`
 */
export function checkIds(ids: string | readonly string[]): readonly string[] {
  if (typeof ids === "string") return [checkId(ids, "An item to remove")];
  if (!Array.isArray(ids))
    throw new SearchError("search/item", `Ids to remove came as ${ids === null ? "null" : typeof ids}; wanted a list.`);
  return ids.map((id) => checkId(id, "An item to remove"));
}

/**
 * A vector as the metric wants it, as memory of its own. `[width]`
 *
 * @throws SearchError `search/item`, `search/width`, `search/not-finite`
 */
export function checkVector(
  vector: ArrayLike<number>,
  metric: Metric,
  width: number | undefined,
  what: string,
): Float32Array {
  const length = typeof vector === "object" ? vector?.length : undefined;
  if (!Number.isSafeInteger(length) || length === 0) throw notAVector(what);
  if (width !== undefined && length !== width)
    throw new SearchError(
      "search/width",
      `${what} has ${length} numbers; the index has vectors of ${width}. They are from another model, or not embeddings.`,
      { details: { found: length, wanted: width } },
    );
  if (!(vector instanceof Float32Array)) checkNumbers(vector, what);
  const copy = new Float32Array(vector);
  let squares = 0;
  for (const value of copy) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!(norm < LONGEST)) {
    const at = copy.findIndex((value) => !Number.isFinite(value));
    const found = at < 0 ? `a length of ${norm}` : `${copy[at]} at ${at}`;
    throw new SearchError(
      "search/not-finite",
      `${what} has ${found}; wanted finite numbers. Check the picture and the model.`,
      {
        details: { at },
      },
    );
  }
  // A zero vector has no direction: its cosine with anything counts as 0.
  if (metric === "cosine" && norm > 0) for (let i = 0; i < copy.length; i++) copy[i]! /= norm;
  return copy;
}

/** A NaN that went through JSON is null, and null as a float is 0: what is no number must not become one. */
function checkNumbers(vector: ArrayLike<number>, what: string): void {
  for (let at = 0; at < vector.length; at++)
    if (typeof vector[at] !== "number")
      throw new SearchError(
        "search/not-finite",
        `${what} has ${vector[at] === null ? "null" : typeof vector[at]} at ${at}; wanted finite numbers.`,
        { details: { at } },
      );
}

export function notAVector(what: string): SearchError {
  return new SearchError("search/item", `${what} is no list of numbers. Pass a Float32Array, as embed() gives it.`);
}
