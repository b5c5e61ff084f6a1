import { createHash } from "node:crypto";
import { InputError, SearchError } from "../../errors.js";
import { checkOptionNames, choiceOption, wholeOption } from "../options.js";
import { checkIds, checkItems } from "./check-items.js";
import { checkSettings, type IndexSettings } from "./index-settings.js";
import { METRICS } from "./manifest.js";
import { clausesOf, type FilterClause } from "./metadata-filter.js";
import type { IndexItem, Metadata, Metric, SearchHit, SearchIndex, SearchOptions } from "./search-index.js";
import { searchRequest } from "./search-request.js";
import { metadataOf } from "./segment-lines.js";
import { tryAgain } from "./try-again.js";

interface Status {
  error_code?: unknown;
  reason?: string;
  code?: number;
  retriable?: boolean;
}

/** What we call of a `MilvusClient` of the package `@zilliz/milvus2-sdk-node`. It stays the caller's, to be closed by the caller. */
export interface MilvusConnection {
  hasCollection(request: object): Promise<{ status: Status; value: unknown }>;
  createCollection(request: object): Promise<Status>;
  describeCollection(request: object): Promise<{ status: Status; properties: { key: string; value: unknown }[] }>;
  loadCollection(request: object): Promise<Status>;
  upsert(request: object): Promise<{ status: Status }>;
  delete(request: object): Promise<{ status: Status }>;
  query(request: object): Promise<{ status: Status; data: Record<string, unknown>[] }>;
  search(request: object): Promise<{ status: Status; results: unknown }>;
}

export interface MilvusOptions {
  /** Made where there is none. Letters, digits and underscores. */
  collection: string;
  /** Numbers of a vector. */
  width: number;
  /** Default "cosine". */
  metric?: Metric;
  /** As of `openIndex`. */
  fingerprint?: string;
}

/** Milvus takes at most 64 MB in a request, and gives at most 16,384 hits, those that `offset` leaves out among them. */
const REQUEST_BYTES = 2 ** 24;
const MOST_HITS = 16_384;
const MOST_TERMS = 4096;
/** Of a collection: what its index is made for, as JSON. */
const PROPERTY = "vitrail";
/** gRPC's codes of a server that is not there, and of one that has too much to do. */
const PASSING_CODES = [8, 14];
const COMPARISONS = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;
/** Also what was written a moment ago is found. */
const CONSISTENCY = { consistency_level: "Strong" };

/**
 * Opens an index in a collection of Milvus: the calls of `openIndex`, for more vectors than one machine holds, or more writers than one. What is added
 * lasts at once. The collection is made with Milvus's FLAT index, which is exact. Of metadata, a field that holds a list fits `in`, `notIn` and equality
 * as everywhere, but never `gt`, `gte`, `lt` or `lte`, which Milvus has for single values only.
 *
 * @throws SearchError `search/other-model`, `search/width`, `search/settings`, `search/server`; InputError `input/option`
 */
export async function openMilvusIndex(client: MilvusConnection, options: MilvusOptions): Promise<MilvusIndex> {
  checkOptionNames(options, ["collection", "width", "metric", "fingerprint"]);
  const { collection, width, metric = "cosine", fingerprint = null } = options;
  if (typeof client?.upsert !== "function")
    throw new InputError(
      "input/option",
      "openMilvusIndex needs a MilvusClient of @zilliz/milvus2-sdk-node: npm install @zilliz/milvus2-sdk-node.",
    );
  if (!/^[A-Za-z_]\w{0,254}$/.test(collection))
    throw new InputError(
      "input/option",
      `"collection" must be of letters, digits and underscores; found ${JSON.stringify(collection)}.`,
    );
  if (width === undefined) throw new InputError("input/option", `"width" must say how many numbers a vector has.`);
  wholeOption("width", width, 2, 32_768);
  choiceOption("metric", metric, METRICS);
  const name = { collection_name: collection };
  const { value: isThere } = await ask(() => client.hasCollection(name));
  if (!isThere)
    await ask(() => client.createCollection(collectionOf(collection, { width, metric, fingerprint }))).catch(
      async (error) => {
        // Another process may have made it meanwhile; what it made is looked at below.
        if (!(await ask(() => client.hasCollection(name))).value) throw error;
      },
    );
  const { properties } = await ask(() => client.describeCollection(name));
  const settings = properties.find(({ key }) => key === PROPERTY)?.value;
  if (typeof settings !== "string")
    throw new SearchError(
      "search/settings",
      `The collection "${collection}" was not made by vitrail: it has no property "${PROPERTY}". Choose another name.`,
      { details: { collection } },
    );
  checkSettings(JSON.parse(settings), { width, metric, fingerprint }, `the collection "${collection}"`);
  await ask(() => client.loadCollection(name));
  const index = new MilvusIndex(client, collection, width, metric);
  await index.count();
  return index;
}

/** An index in a collection. Made by `openMilvusIndex`. */
export class MilvusIndex implements SearchIndex {
  private items = 0;
  private readonly name: { collection_name: string };

  constructor(
    private readonly client: MilvusConnection,
    collection: string,
    /** Numbers of a vector. */
    readonly width: number,
    readonly metric: Metric,
  ) {
    this.name = { collection_name: collection };
  }

  /** When this index counted last: at its opening, and after its own changes. */
  get size(): number {
    return this.items;
  }

  /** Asks the server how many items there are now. */
  async count(): Promise<number> {
    const [row] = await this.query({ output_fields: ["count(*)"] });
    this.items = Number(row?.["count(*)"]);
    return this.items;
  }

  /** As of `SearchIndex`, in requests of 16 MB each: where the server fails between two of them, the same call again puts in the rest. */
  async add(items: readonly IndexItem[]): Promise<void> {
    const checked = checkItems(items, this.metric, this.width);
    // A request can't put an item in twice: of equal ids the last counts.
    const rows = [...new Map(checked.map((item) => [item.id, item])).values()].map(({ id, line, vector }) => {
      const metadata = metadataOf(line);
      return { id, vector: [...vector], metadata, terms: termsOf(id, metadata) };
    });
    const some = Math.max(1, Math.floor(REQUEST_BYTES / (4 * this.width + 1024)));
    for (let from = 0; from < rows.length; from += some)
      await ask(() => this.client.upsert({ ...this.name, data: rows.slice(from, from + some) }));
    if (rows.length > 0) await this.count();
  }

  async remove(ids: string | readonly string[]): Promise<number> {
    const all = checkIds(ids);
    let removed = 0;
    for (let from = 0; from < all.length; from += 1000) {
      const filter = `id in ${JSON.stringify(all.slice(from, from + 1000))}`;
      removed += (await this.query({ filter, output_fields: ["id"] })).length;
      await ask(() => this.client.delete({ ...this.name, filter }));
    }
    if (removed > 0) await this.count();
    return removed;
  }

  search(query: ArrayLike<number>, options?: SearchOptions): Promise<SearchHit[]>;
  search(queries: readonly ArrayLike<number>[], options?: SearchOptions): Promise<SearchHit[][]>;
  async search(queries: ArrayLike<number> | readonly ArrayLike<number>[], options: SearchOptions = {}) {
    const request = searchRequest(queries, options, this);
    const { vectors, topK, offset, filter = {}, signal } = request;
    wholeOption("topK", offset + topK, 1, MOST_HITS);
    const conditions = clausesOf(filter).map(conditionOf).join(" and ");
    const all: SearchHit[][] = [];
    for (const vector of vectors) {
      signal?.throwIfAborted();
      const { results } = await ask(() =>
        this.client.search({
          ...{ ...this.name, ...CONSISTENCY, anns_field: "vector", data: [...vector], filter: conditions },
          ...{ limit: topK, offset, output_fields: ["id", "metadata"] },
        }),
      );
      // Milvus leaves the order of equal scores open.
      all.push([...(results as SearchHit[])].map(hitOf).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)));
    }
    return request.answer(all);
  }

  /** Nothing to do: what was added lasts. */
  async save(): Promise<void> {}
  /** Nothing to do: the connection is the caller's. */
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  private async query(request: object): Promise<Record<string, unknown>[]> {
    return (await ask(() => this.client.query({ ...this.name, ...CONSISTENCY, ...request }))).data;
  }
}

const hitOf = ({ id, score, metadata }: SearchHit): SearchHit => ({ id, score, metadata });

/** The collection as it is made. */
function collectionOf(collection: string, settings: IndexSettings): object {
  return {
    collection_name: collection,
    properties: { [PROPERTY]: JSON.stringify(settings) },
    fields: [
      { name: "id", data_type: "VarChar", max_length: 65_535, is_primary_key: true },
      { name: "vector", data_type: "FloatVector", dim: settings.width },
      { name: "metadata", data_type: "JSON" },
      { name: "terms", data_type: "Array", element_type: "VarChar", max_length: TERM_LENGTH, max_capacity: MOST_TERMS },
    ],
    // Vectors have length 1 with the metric "cosine": their inner product is their cosine, and that of a zero vector is 0.
    index_params: [{ field_name: "vector", index_type: "FLAT", metric_type: "IP" }],
    ...CONSISTENCY,
  };
}

const TERM_LENGTH = 32;

/**
 * A field and one of its values in 128 bits. An item's terms are what `in` and `notIn` ask for: Milvus's own expressions know no difference between
 * null and nothing, nor between a list and a value.
 */
const termOf = (field: string, value: unknown) =>
  createHash("sha256")
    .update(JSON.stringify([field, value]))
    .digest("hex")
    .slice(0, TERM_LENGTH);

function termsOf(id: string, metadata: Metadata): string[] {
  const terms = Object.entries(metadata).flatMap(([field, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => !isObject(one)).map((one) => termOf(field, one)),
  );
  if (terms.length <= MOST_TERMS) return [...new Set(terms)];
  throw new SearchError(
    "search/metadata",
    `The metadata of "${id}" has ${terms.length} values; an index in Milvus takes ${MOST_TERMS}.`,
    { details: { id, values: terms.length } },
  );
}

/** No item has an empty id. */
const NOTHING = `id == ""`;

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** A clause of a filter in Milvus's language, with the meaning of `predicateOf` but for lists. */
function conditionOf(clause: FilterClause): string {
  if ("values" in clause) {
    const terms = JSON.stringify(clause.values.map((value) => termOf(clause.field, value)));
    const listed = clause.values.length === 0 ? NOTHING : `ARRAY_CONTAINS_ANY(terms, ${terms})`;
    return clause.kind === "in" ? listed : `not (${listed})`;
  }
  return `metadata[${JSON.stringify(clause.field)}] ${COMPARISONS[clause.kind]} ${JSON.stringify(clause.value)}`;
}

/** Requests may be made twice without harm. The package throws some refusals and gives others as an answer's status. */
const ask = <Answer extends Status | { status: Status }>(request: () => Promise<Answer>): Promise<Answer> =>
  tryAgain(
    async () => {
      const answer = await request();
      const { status }: { status: Status } = "status" in answer ? answer : { status: answer };
      if ((status.code ?? 0) !== 0) throw status;
      return answer;
    },
    (cause) => {
      const { code, reason, message, retriable } = cause as Status & { message?: string };
      return {
        code,
        message: reason ?? message ?? String(cause),
        isPassing: retriable === true || (cause instanceof Error && PASSING_CODES.includes(Number(code))),
      };
    },
    { server: "Milvus", advice: "Check the server and its rights." },
  );
