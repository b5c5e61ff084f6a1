import { SearchError } from "../../errors.js";
import type { Metadata } from "./search-index.js";

/** What a field is compared with. */
export type FilterValue = string | number | boolean | null;

/** A field's condition: every comparison in it must hold. Numbers are compared with numbers and strings with strings, by their code units. */
export interface FilterCondition {
  /** One of these. */
  in?: readonly FilterValue[];
  /** None of these; holds for an item without the field too. */
  notIn?: readonly FilterValue[];
  /** Greater than. */
  gt?: number | string;
  /** At least. */
  gte?: number | string;
  /** Less than. */
  lt?: number | string;
  /** At most. */
  lte?: number | string;
}

/**
 * Which items may be hits, by the fields of their metadata: all of them must fit. A plain value asks for equality. A field that holds a list fits
 * when one of its elements does: `{ tags: "cat" }`.
 */
export type Filter = Readonly<Record<string, FilterValue | FilterCondition>>;

const COMPARISONS = {
  gt: (a: number | string, b: number | string) => a > b,
  gte: (a: number | string, b: number | string) => a >= b,
  lt: (a: number | string, b: number | string) => a < b,
  lte: (a: number | string, b: number | string) => a <= b,
};

/** One comparison of a filter, checked. */
export type FilterClause =
  | { field: string; kind: "in" | "notIn"; values: readonly FilterValue[] }
  | { field: string; kind: keyof typeof COMPARISONS; value: number | string };

/**
 * A filter as the list of its comparisons.
 *
 * @throws SearchError `search/filter`
 */
export function clausesOf(filter: Filter): FilterClause[] {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter))
    throw badFilter("is no object", 'Write it like { label: "cat", year: { gte: 2020 } }.');
  return Object.entries(filter).flatMap(([field, condition]): FilterClause[] => {
    if (isValue(condition)) return [{ field, kind: "in", values: [condition] }];
    if (typeof condition !== "object" || condition === null || Array.isArray(condition))
      throw badFilter(
        `has ${describe(condition)} for "${field}"`,
        "Wanted a value, or a condition like { in: [...] }.",
      );
    return Object.entries(condition).map(([kind, value]): FilterClause => {
      if (kind === "in" || kind === "notIn") {
        if (!Array.isArray(value) || !value.every(isValue))
          throw badFilter(`has "${kind}" of "${field}" without a list`, "List strings, numbers, booleans or null.");
        return { field, kind, values: value };
      }
      if (!Object.hasOwn(COMPARISONS, kind))
        throw badFilter(`has "${kind}" for "${field}"`, "There are in, notIn, gt, gte, lt and lte.");
      if (typeof value !== "string" && !(typeof value === "number" && Number.isFinite(value)))
        throw badFilter(`compares "${field}" with ${describe(value)}`, "Compare with a number or a string.");
      return { field, kind: kind as keyof typeof COMPARISONS, value };
    });
  });
}

/**
 * Whether an item's metadata fit a filter.
 *
 * @throws SearchError `search/filter`
 */
export function predicateOf(filter: Filter): (metadata: Metadata) => boolean {
  const clauses = clausesOf(filter);
  return (metadata) => clauses.every((clause) => fits(clause, metadata));
}

function fits(clause: FilterClause, metadata: Metadata): boolean {
  const found = Object.hasOwn(metadata, clause.field) ? metadata[clause.field] : undefined;
  const any = (test: (value: unknown) => boolean) => (Array.isArray(found) ? found.some(test) : test(found));
  if ("values" in clause) {
    const isListed = any((value) => clause.values.includes(value as FilterValue));
    return clause.kind === "in" ? isListed : !isListed;
  }
  const { kind, value: wanted } = clause;
  return any((value) => typeof value === typeof wanted && COMPARISONS[kind](value as number, wanted));
}

const isValue = (value: unknown): value is FilterValue =>
  value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
const describe = (value: unknown) => (Array.isArray(value) ? "a list" : value === undefined ? "nothing" : typeof value);

function badFilter(found: string, advice: string): SearchError {
  return new SearchError("search/filter", `The filter ${found}. ${advice}`);
}
