import { SearchError } from "../../errors.js";
import type { Precision } from "./manifest.js";
import type { Metric } from "./search-index.js";

/** What an index is made for, which never changes. */
export interface IndexSettings {
  /** Numbers of a vector. */
  width: number;
  metric: Metric;
  /** Of the model and preprocessing that made the vectors; null where nobody said. */
  fingerprint: string | null;
  precision?: Precision;
}

/**
 * @param where the index, for people
 * @throws SearchError `search/other-model`, `search/width`, `search/settings` where the caller expects another index than the one that is there
 */
export function checkSettings(
  found: IndexSettings,
  wanted: { [Name in keyof IndexSettings]?: IndexSettings[Name] | undefined },
  where: string,
): void {
  const { fingerprint = null, width } = wanted;
  if (fingerprint !== null && found.fingerprint !== null && found.fingerprint !== fingerprint)
    throw new SearchError(
      "search/other-model",
      `The vectors of ${where} are from "${found.fingerprint}"; yours are from "${fingerprint}". ` +
        "Vectors of different models, dtypes or preprocessing can't be compared: load the model as it was, or make a new index.",
      { details: { found: found.fingerprint, wanted: fingerprint } },
    );
  if (width !== undefined && found.width !== width)
    throw new SearchError("search/width", `The vectors of ${where} have ${found.width} numbers; wanted ${width}.`, {
      details: { found: found.width, wanted: width },
    });
  for (const name of ["metric", "precision"] as const)
    if (wanted[name] !== undefined && wanted[name] !== found[name])
      throw new SearchError(
        "search/settings",
        `${where[0]!.toUpperCase()}${where.slice(1)} has the ${name} "${found[name]}"; wanted "${wanted[name]}". Leave it out, or make a new index.`,
        { details: { setting: name, found: found[name], wanted: wanted[name] } },
      );
}
