import { checkOptionNames, wholeOption } from "../options.js";
import { checkVector, notAVector } from "./check-items.js";
import type { Filter } from "./metadata-filter.js";
import type { Metric, SearchHit, SearchOptions } from "./search-index.js";

/** What `search` was asked for, checked. */
export interface SearchRequest {
  /** As the metric wants them, `[width]` each. */
  vectors: Float32Array[];
  topK: number;
  offset: number;
  /** Undefined: all items fit. */
  filter: Filter | undefined;
  signal: AbortSignal | undefined;
  /** The hits of each query in the form that was asked for: a list of lists for a list of queries. */
  answer(hits: SearchHit[][]): SearchHit[] & SearchHit[][];
}

/** @throws SearchError `search/item`, `search/width`, `search/not-finite`; InputError `input/option` */
export function searchRequest(
  queries: ArrayLike<number> | readonly ArrayLike<number>[],
  options: SearchOptions,
  { metric, width }: { metric: Metric; width: number | undefined },
): SearchRequest {
  checkOptionNames(options, ["topK", "offset", "filter", "signal"]);
  const { topK = 10, offset = 0, filter, signal } = options;
  wholeOption("topK", topK, 1);
  wholeOption("offset", offset, 0);
  signal?.throwIfAborted();
  if (typeof queries !== "object" || queries === null) throw notAVector("The query");
  const isOne = typeof queries[0] !== "object";
  const list = isOne ? [queries as ArrayLike<number>] : (queries as readonly ArrayLike<number>[]);
  return {
    vectors: list.map((query) => checkVector(query, metric, width, "The query")),
    ...{ topK, offset, filter, signal },
    answer: (hits) => (isOne ? hits[0]! : hits) as SearchHit[] & SearchHit[][],
  };
}
