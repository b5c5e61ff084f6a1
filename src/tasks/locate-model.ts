import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { DownloadError, InputError } from "../errors.js";
import { getModel, type HubOptions } from "../io/hub/get-model.js";
import { isModelId } from "../io/hub/model-id.js";
import { kindOption } from "./options.js";

/** The names of `HubOptions`. */
export const HUB_OPTIONS = [
  "revision",
  "token",
  "cacheDir",
  "progress",
  "signal",
] as const satisfies (keyof HubOptions)[];

/** Where a model's files are on this machine. */
export interface ModelPlace {
  /** The folder of its configs. */
  root: string;
  /** That folder, or the file of its weights. */
  weights: string;
  /** What messages call the folder: its name, or the id on the Hub. */
  label: string;
}

/**
 * Finds a model: a path that exists wins, as in Python's transformers; else `owner/name` is a model of the Hub, fetched if the cache lacks it.
 *
 * @throws InputError `input/not-found` for what is neither, `input/option` for a revision of a path or a value of another kind; what `getModel` throws
 */
export async function locateModel(source: string, options: HubOptions = {}): Promise<ModelPlace> {
  checkHubOptions(options);
  if (typeof source !== "string" || source === "")
    throw new InputError(
      "input/not-found",
      'A model is wanted: the path of a folder with config.json and model.safetensors, or "owner/name" on the Hub.',
    );
  const entry = await stat(source).catch(() => undefined);
  if (entry) {
    if (options.revision !== undefined)
      throw new InputError(
        "input/option",
        `"${source}" is a path here, which has no revisions. Leave "revision" out, or call from a folder without that path to mean the Hub.`,
        { details: { option: "revision", path: source } },
      );
    const root = entry.isDirectory() ? source : dirname(source);
    return { root, weights: source, label: basename(root) };
  }
  if (!isModelId(source))
    throw new InputError(
      "input/not-found",
      `There is no folder "${source}", and it is no id on the Hub either. Pass a folder with config.json and model.safetensors, or "owner/name".`,
      { details: { path: source } },
    );
  const { folder } = await getModel(source, options).catch((error) => {
    throw isNotThere(error) ? orFolder(error, source) : error;
  });
  return { root: folder, weights: folder, label: source };
}

/** Picks what concerns the Hub out of more options. */
export function hubOptionsOf(options: HubOptions): HubOptions {
  return Object.fromEntries(
    HUB_OPTIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

function checkHubOptions({ token, cacheDir, progress }: HubOptions): void {
  kindOption("token", token, token === false || typeof token === "string", "a string, or false for none");
  kindOption("cacheDir", cacheDir, typeof cacheDir === "string" && cacheDir !== "", "the path of a folder");
  kindOption("progress", progress, typeof progress === "function", "a function");
}

function isNotThere(error: unknown): error is DownloadError {
  const codes = /^download\/(not-found|unauthorized|unreachable|proxy|timeout|offline)$/;
  return error instanceof DownloadError && codes.test(error.code);
}

/** A misspelled path looks like an id, so the message speaks of both. */
function orFolder(error: DownloadError, source: string): DownloadError {
  return new DownloadError(
    error.code,
    `There is no folder "${source}" here, and as a model of the Hub: ${error.message}`,
    {
      details: error.details,
      cause: error,
    },
  );
}
