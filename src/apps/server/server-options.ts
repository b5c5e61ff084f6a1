import { InputError } from "../../errors.js";
import { DEFAULT_LIMITS } from "../../images/limits.js";
import type { FaceAnalyzer } from "../../tasks/faces/face-analyzer.js";
import type { FaceAnalyzerOptions } from "../../tasks/faces/load-face-analyzer.js";
import type { LoadModelOptions } from "../../tasks/load-model.js";
import { checkOptionNames, choiceOption, wholeOption } from "../../tasks/options.js";
import type { SearchIndex } from "../../tasks/search/search-index.js";
import { VisionModel } from "../../tasks/vision-model.js";
import type { Logger } from "./http/json-log.js";

/** A model to load, with what `loadModel` takes besides. */
export interface ServedModel
  extends Pick<LoadModelOptions, "revision" | "token" | "cacheDir" | "interpolate" | "dtype"> {
  /** A folder or a Hub id. */
  model: string;
}

export interface ServerOptions extends Pick<LoadModelOptions, "engine" | "threads" | "dtype"> {
  /**
   * What is served, by the names that clients use. A folder or a Hub id is loaded into a thread of the server's own, where inference holds up nobody;
   * a loaded model stays its owner's, and runs where it was loaded.
   */
  models?: Readonly<Record<string, string | ServedModel | VisionModel>>;
  /** Looks for faces: what `loadFaceAnalyzer` takes, with models as folders; or an analyzer, which stays its owner's. Default: no faces. */
  faces?: FaceAnalyzer | Omit<FaceAnalyzerOptions, "signal" | "engine" | "threads">;
  /** Pictures to find similar ones among: vectors of the model of this name. Stays its owner's to close. Default: none. */
  index?: { model: string; search: Pick<SearchIndex, "search"> };
  /** Whether pictures may be given as URLs, which the server fetches from public addresses. Default `"off"`. */
  urls?: "off" | "public";
  /**
   * Whether pictures sent to `/scaleflex` are kept, in memory, for ten minutes and no more than 64 MiB of them, so that the answer's `result` is a URL of
   * the picture with its faces drawn in. Default `"kept"`; with `"none"`, `result` is empty.
   */
  results?: "kept" | "none";
  /** Where clients find this server, with the path that it is mounted at: `"https://example.org/vision"`. Default: as the request's own URL says. */
  publicUrl?: string;
  /** Keys of which a request must bring one. Default: none are needed. */
  apiKeys?: readonly string[];
  /** Requests of one key in a minute. Default: no limit. */
  requestsPerMinute?: number;
  /** Pictures of one model that may wait or be worked on; more are refused with 503. Default 64. */
  queue?: number;
  /** Pictures in one forward pass. Default 8. */
  batch?: number;
  /** Longest time for an answer, in milliseconds; then 504. Default 30,000. */
  deadlineMs?: number;
  /** Longest time for a body to arrive, in milliseconds; then 408. Default 10,000. */
  bodyTimeoutMs?: number;
  /** Most bytes of a body. Default 20 MiB. */
  maxBodyBytes?: number;
  /** Most pixels of a picture, width x height. Default 25,000,000. */
  maxPixels?: number;
  /** Longest time that `close` waits for requests that are being answered, in milliseconds. Default 10,000. */
  drainMs?: number;
  /** Where one line a request goes. Default: nowhere. */
  log?: Logger;
}

/** A picture of 24 megapixels fits; one takes three bytes a pixel when decoded. */
const MAX_PIXELS = 25_000_000;

const DEFAULTS = {
  urls: "off",
  results: "kept",
  apiKeys: [],
  queue: 64,
  batch: 8,
  deadlineMs: 30_000,
  bodyTimeoutMs: 10_000,
  maxBodyBytes: DEFAULT_LIMITS.maxBytes,
  maxPixels: MAX_PIXELS,
  drainMs: 10_000,
  log: { info() {}, error() {} },
} satisfies ServerOptions;

export type CheckedOptions = ServerOptions & Required<Pick<ServerOptions, keyof typeof DEFAULTS>>;

const OTHER_OPTIONS = ["models", "faces", "index", "publicUrl", "requestsPerMinute", "engine", "threads", "dtype"];
const SERVED_MODEL_OPTIONS = ["model", "revision", "token", "cacheDir", "interpolate", "dtype"];
/** As in a Hub id: `owner/name`, or one part alone. Goes into paths, logs and metrics as it is. */
const MODEL_NAME = /^[A-Za-z0-9][\w.-]{0,95}(\/[\w.-]{1,96})?$/;
/** More models than this would be too many series for one set of metrics. */
const MOST_MODELS = 32;

/** @throws InputError `input/option` */
export function checkServerOptions(given: ServerOptions): CheckedOptions {
  checkOptionNames(given, [...Object.keys(DEFAULTS), ...OTHER_OPTIONS]);
  const options: CheckedOptions = { ...DEFAULTS, ...given };
  choiceOption("urls", options.urls, ["off", "public"]);
  choiceOption("results", options.results, ["kept", "none"]);
  if (options.publicUrl !== undefined && !/^https?:\/\/[^\s?#]+$/.test(options.publicUrl))
    throw new InputError("input/option", '"publicUrl" must be an http or https URL without a query.');
  for (const name of ["queue", "batch", "deadlineMs", "bodyTimeoutMs", "maxBodyBytes", "maxPixels", "drainMs"] as const)
    wholeOption(name, options[name], 1);
  wholeOption("requestsPerMinute", options.requestsPerMinute, 1);
  checkModels(options.models ?? {});
  if (!Array.isArray(options.apiKeys) || !options.apiKeys.every((key) => typeof key === "string" && key.length >= 8))
    throw new InputError("input/option", '"apiKeys" must be a list of texts of at least 8 characters.');
  const { index, models = {} } = options;
  if (index && (!Object.hasOwn(models, index.model) || typeof index.search?.search !== "function"))
    throw new InputError(
      "input/option",
      '"index" must be { model, search }: the name of one of "models", and an open index.',
    );
  if (Object.keys(models).length === 0 && !options.faces)
    throw new InputError("input/option", 'There is nothing to serve: pass "models", "faces" or both.');
  return options;
}

function checkModels(models: NonNullable<ServerOptions["models"]>): void {
  if (typeof models !== "object" || models === null || Array.isArray(models))
    throw new InputError("input/option", '"models" must be an object from names to folders, Hub ids or loaded models.');
  const entries = Object.entries(models);
  if (entries.length > MOST_MODELS)
    throw new InputError("input/option", `"models" may have ${MOST_MODELS} names; found ${entries.length}.`);
  for (const [name, source] of entries) {
    if (!MODEL_NAME.test(name))
      throw new InputError(
        "input/option",
        `"${name.slice(0, 80)}" is no name of a model: letters, digits, "_", "-" and ".", with at most one "/".`,
      );
    if (typeof source === "string" || source instanceof VisionModel) continue;
    if (typeof (source as Partial<ServedModel> | null)?.model !== "string")
      throw new InputError(
        "input/option",
        `The model "${name}" must be a folder, a Hub id, { model, revision, … } or a loaded model.`,
      );
    checkOptionNames(source, SERVED_MODEL_OPTIONS);
  }
}
