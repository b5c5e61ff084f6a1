import { InputError } from "../../errors.js";
import { checkOptionNames, choiceOption, wholeOption } from "../options.js";
import { EmbeddedIndex } from "./embedded-index.js";
import type { IndexMode } from "./index-folder.js";
import { METRICS, PRECISIONS, type Precision } from "./manifest.js";
import type { Metric } from "./search-index.js";

export interface IndexOptions {
  /** Default "write": made where there is none; one process at a time. "read": as it was saved last, also while another process writes. */
  mode?: IndexMode;
  /** Numbers of a vector. Default: those of the first item. */
  width?: number;
  /** What is high where two vectors are alike. Default "cosine". */
  metric?: Metric;
  /** How vectors are kept. Default "float32". */
  precision?: Precision;
  /** Of the model and preprocessing that make the vectors, from `fingerprintOf(model)`: an index of another is then refused. */
  fingerprint?: string;
  /** Threads that compare vectors, the calling one included. Default: as many as the process may use, at most 16. */
  threads?: number;
}

/**
 * Opens an index of vectors that lies in a folder, and makes it where there is none. Search compares a query with every vector, on all threads: it
 * finds what is there, exactly. `docs/formats/index-folder.md` says how the folder looks.
 *
 * @throws SearchError `search/locked`, `search/not-found`, `search/read-only`, `search/other-model`, `search/width`, `search/settings`,
 *   `search/manifest`, `search/version`, `search/segment`, `search/too-large`; InputError `input/option`, `input/not-a-path`
 */
export async function openIndex(path: string, options: IndexOptions = {}): Promise<EmbeddedIndex> {
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw new InputError("input/not-a-path", `openIndex got ${JSON.stringify(path)}; wanted the path of a folder.`);
  checkOptionNames(options, ["mode", "width", "metric", "precision", "fingerprint", "threads"]);
  choiceOption("mode", options.mode, ["read", "write"]);
  choiceOption("metric", options.metric, METRICS);
  choiceOption("precision", options.precision, PRECISIONS);
  wholeOption("width", options.width, 1, 65_536);
  wholeOption("threads", options.threads, 1, 32);
  if (options.fingerprint !== undefined && (typeof options.fingerprint !== "string" || options.fingerprint === ""))
    throw new InputError("input/option", `"fingerprint" must be a string, as fingerprintOf(model) gives it.`);
  return EmbeddedIndex.open(path, options);
}
