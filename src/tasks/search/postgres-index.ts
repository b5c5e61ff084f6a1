import { InputError } from "../../errors.js";
import { checkOptionNames, choiceOption, wholeOption } from "../options.js";
import { checkIds, checkItems } from "./check-items.js";
import { checkSettings, type IndexSettings } from "./index-settings.js";
import { METRICS } from "./manifest.js";
import { clausesOf, type Filter, type FilterClause } from "./metadata-filter.js";
import type { IndexItem, Metadata, Metric, SearchHit, SearchIndex, SearchOptions } from "./search-index.js";
import { searchRequest } from "./search-request.js";
import { metadataOf } from "./segment-lines.js";
import { tryAgain } from "./try-again.js";

/** A connection or a pool: `new Pool()` of the package `pg`, or a `PGlite`. It stays the caller's, to be closed by the caller. */
export interface PostgresClient {
  query(text: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface PostgresOptions {
  /** Table of the vectors, made where there is none. Small letters, digits and underscores. */
  table: string;
  /** Numbers of a vector. */
  width: number;
  /** Default "cosine". */
  metric?: Metric;
  /** As of `openIndex`. */
  fingerprint?: string;
}

/** What an index was made with, in a row for each table. */
const REGISTER = "vitrail_indexes";
/** Serialization failures, deadlocks, lost connections and servers that start or stop: what a second try may mend. */
const PASSING = /^(40001|40P01|08...|57P0[123]|53300|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT)$/;
/** pgvector's distances, smallest first, as scores, highest first. */
const DISTANCES: Record<Metric, { operator: string; score: (distance: string) => string }> = {
  cosine: { operator: "<=>", score: (distance) => `1 - (${distance})` },
  dot: { operator: "<#>", score: (distance) => `-(${distance})` },
};
const COMPARISONS = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/**
 * Opens an index in PostgreSQL with pgvector: the calls of `openIndex`, for more vectors than one machine holds, or more writers than one. What is added
 * lasts at once. Without an index of pgvector's own on the table, search is exact.
 *
 * @throws SearchError `search/other-model`, `search/width`, `search/settings`, `search/server`; InputError `input/option`
 */
export async function openPostgresIndex(client: PostgresClient, options: PostgresOptions): Promise<PostgresIndex> {
  checkOptionNames(options, ["table", "width", "metric", "fingerprint"]);
  const { table, width, metric = "cosine", fingerprint = null } = options;
  if (typeof client?.query !== "function")
    throw new InputError(
      "input/option",
      "openPostgresIndex needs a connection with query(text, parameters), as pg and PGlite have it.",
    );
  // The name stands in the text of queries.
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(table) || table === REGISTER)
    throw new InputError(
      "input/option",
      `"table" must be of small letters, digits and underscores; found ${JSON.stringify(table)}.`,
    );
  if (width === undefined) throw new InputError("input/option", `"width" must say how many numbers a vector has.`);
  wholeOption("width", width, 1, 16_000);
  choiceOption("metric", metric, METRICS);
  const run = (text: string, parameters?: unknown[]) => queryAgain(client, text, parameters);
  await run("CREATE EXTENSION IF NOT EXISTS vector");
  await run(
    `CREATE TABLE IF NOT EXISTS ${REGISTER} (name text PRIMARY KEY, width int NOT NULL, metric text NOT NULL, fingerprint text)`,
  );
  await run(
    `CREATE TABLE IF NOT EXISTS ${table} (id text PRIMARY KEY, vector vector(${width}) NOT NULL, metadata jsonb NOT NULL)`,
  );
  await run(`INSERT INTO ${REGISTER} VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, [
    table,
    width,
    metric,
    fingerprint,
  ]);
  const [made] = await run(`SELECT width, metric, fingerprint FROM ${REGISTER} WHERE name = $1`, [table]);
  checkSettings(made as IndexSettings, { width, metric, fingerprint }, `the table "${table}"`);
  const index = new PostgresIndex(run, table, width, metric);
  await index.count();
  return index;
}

/** An index in a table. Made by `openPostgresIndex`. */
export class PostgresIndex implements SearchIndex {
  private items = 0;

  constructor(
    private readonly run: (text: string, parameters?: unknown[]) => Promise<unknown[]>,
    private readonly table: string,
    /** Numbers of a vector. */
    readonly width: number,
    readonly metric: Metric,
  ) {}

  /** When this index counted last: at its opening, and after its own changes. */
  get size(): number {
    return this.items;
  }

  /** Asks the server how many items there are now. */
  async count(): Promise<number> {
    const [row] = await this.run(`SELECT count(*)::int AS count FROM ${this.table}`);
    this.items = (row as { count: number }).count;
    return this.items;
  }

  async add(items: readonly IndexItem[]): Promise<void> {
    const checked = checkItems(items, this.metric, this.width);
    if (checked.length === 0) return;
    // A statement can't change a row twice: of equal ids the last counts.
    const rows = [...new Map(checked.map((item) => [item.id, item])).values()].map(({ id, line, vector }) => {
      return { id, vector: vectorText(vector), metadata: metadataOf(line) };
    });
    await this.run(
      `INSERT INTO ${this.table} SELECT id, vector::vector, metadata FROM jsonb_to_recordset($1::jsonb) AS item(id text, vector text, metadata jsonb)
       ON CONFLICT (id) DO UPDATE SET vector = excluded.vector, metadata = excluded.metadata`,
      [JSON.stringify(rows)],
    );
    await this.count();
  }

  async remove(ids: string | readonly string[]): Promise<number> {
    const gone = await this.run(
      `DELETE FROM ${this.table} WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb)) RETURNING id`,
      [JSON.stringify(checkIds(ids))],
    );
    await this.count();
    return gone.length;
  }

  search(query: ArrayLike<number>, options?: SearchOptions): Promise<SearchHit[]>;
  search(queries: readonly ArrayLike<number>[], options?: SearchOptions): Promise<SearchHit[][]>;
  async search(queries: ArrayLike<number> | readonly ArrayLike<number>[], options: SearchOptions = {}) {
    const request = searchRequest(queries, options, this);
    const { vectors, topK, offset, filter = {}, signal } = request;
    const all: SearchHit[][] = [];
    for (const vector of vectors) {
      signal?.throwIfAborted();
      all.push(await this.searchOne(vector, topK, offset, filter));
    }
    return request.answer(all);
  }

  /** Nothing to do: what was added lasts. */
  async save(): Promise<void> {}
  /** Nothing to do: the connection is the caller's. */
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  private async searchOne(vector: Float32Array, topK: number, offset: number, filter: Filter): Promise<SearchHit[]> {
    const parameters: unknown[] = [vectorText(vector), topK, offset];
    const conditions = clausesOf(filter).map((clause) => conditionOf(clause, (value) => `$${parameters.push(value)}`));
    const { operator, score } = DISTANCES[this.metric];
    const distance = `vector ${operator} $1::vector`;
    const rows = await this.run(
      `SELECT id, metadata, ${score(distance)} AS score FROM ${this.table} ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
       ORDER BY ${distance}, id COLLATE "C" LIMIT $2 OFFSET $3`,
      parameters,
    );
    return (rows as { id: string; metadata: Metadata; score: number | null }[]).map(({ id, metadata, score }) => {
      // The cosine of a zero vector is NaN there and 0 with us.
      return { id, metadata, score: Number.isFinite(score) ? Number(score) : 0 };
    });
  }
}

/** A clause of a filter as SQL, with the meaning of `predicateOf`. */
function conditionOf(clause: FilterClause, parameter: (value: unknown) => string): string {
  const field = `metadata -> ${parameter(clause.field)}::text`;
  const elements = `jsonb_array_elements(CASE jsonb_typeof(${field}) WHEN 'array' THEN ${field} ELSE jsonb_build_array(${field}) END)`;
  const some = (test: string) => `EXISTS (SELECT 1 FROM ${elements} AS element WHERE ${field} IS NOT NULL AND ${test})`;
  if ("values" in clause) {
    const listed = some(`element IN (SELECT jsonb_array_elements(${parameter(JSON.stringify(clause.values))}::jsonb))`);
    return clause.kind === "in" ? listed : `NOT ${listed}`;
  }
  const { kind, value } = clause;
  const [type, cast] = typeof value === "number" ? ["number", "numeric"] : ["string", "text"];
  const own = type === "number" ? "(element #>> '{}')::numeric" : `(element #>> '{}') COLLATE "C"`;
  return some(
    `CASE WHEN jsonb_typeof(element) = '${type}' THEN ${own} ${COMPARISONS[kind]} ${parameter(String(value))}::${cast} ELSE false END`,
  );
}

const vectorText = (vector: Float32Array) => `[${vector.join(",")}]`;

/** Every statement may be run twice without harm. */
const queryAgain = (client: PostgresClient, text: string, parameters?: unknown[]): Promise<unknown[]> =>
  tryAgain(
    async () => (await client.query(text, parameters)).rows,
    (cause) => {
      const { code, message } = cause as { code?: string; message: string };
      return { code, message, isPassing: PASSING.test(code ?? "") };
    },
    { server: "PostgreSQL", advice: "Check the server, its rights and that pgvector is installed." },
  );
