import { SearchError } from "../../errors.js";
import type { Metadata } from "./search-index.js";

const START = '{"id":"';

/**
 * The line of JSON that a segment has for an item.
 *
 * @throws SearchError `search/metadata` for what JSON can't hold
 */
export function itemLine(id: string, metadata: Metadata = {}): string {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    throw new SearchError("search/metadata", `The metadata of "${id}" is no object. Pass { name: value, … }.`);
  try {
    return JSON.stringify({ id, metadata });
  } catch (cause) {
    throw new SearchError(
      "search/metadata",
      `The metadata of "${id}" can't be written as JSON: ${(cause as Error).message}.`,
      { cause, details: { id } },
    );
  }
}

export const removalLine = (id: string): string => JSON.stringify({ removed: id });

/**
 * The metadata of an item's line, as a new object.
 *
 * @throws SearchError `search/segment` for a line that something else has changed
 */
export function metadataOf(line: string): Metadata {
  try {
    return (JSON.parse(line) as { metadata?: Metadata }).metadata ?? {};
  } catch (cause) {
    throw new SearchError("search/segment", `A line of the index is not JSON: ${line.slice(0, 80)}`, { cause });
  }
}

/** What a line says: the id of an item that is there, or of one that is gone; undefined for anything else. */
export function readLine(line: string): { id: string } | { removed: string } | undefined {
  // Our own lines begin with the id. Nearly all ids stand there as they are, and a million lines take a second to parse.
  const end = line.startsWith(START) ? line.indexOf('"', START.length) : -1;
  if (end > 0 && line.endsWith("}")) {
    const id = line.slice(START.length, end);
    if (!id.includes("\\")) return { id };
  }
  try {
    const value = JSON.parse(line) as { id?: unknown; removed?: unknown };
    if (typeof value?.id === "string") return { id: value.id };
    return typeof value?.removed === "string" ? { removed: value.removed } : undefined;
  } catch {
    return undefined;
  }
}
