import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DownloadError } from "../../errors.js";
import { makeFolder } from "../make-folder.js";
import { CONFIG, INDEX, PREPROCESSOR, shardsOf, WEIGHTS } from "./cached-files.js";
import { downloadError } from "./download-error.js";
import type { HubClient } from "./hub-client.js";
import type { HubSettings } from "./hub-settings.js";
import { inParallel } from "./in-parallel.js";
import type { ModelCache } from "./model-cache.js";
import { describeFile, type RemoteFile } from "./remote-file.js";

interface NeededOptions {
  /** What is known of `config.json`. */
  config: RemoteFile;
  /** Puts a file into the cache: the index, which says what else is needed. */
  fetchOne: (file: RemoteFile) => Promise<void>;
  /** Makes the folders for it. */
  prepared: () => Promise<void>;
  signal?: AbortSignal | undefined;
}

/** Longest JSON that we read elsewhere too. */
const LARGEST_JSON = 64e6;
const MOST_SHARDS = 1000;
/** What a model without safetensors has instead. */
const OTHER_WEIGHTS = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"];
const PARALLEL_QUESTIONS = 8;

/**
 * The files of a model that are to be fetched, with their sizes: config, preprocessing, and one safetensors file or the shards of an index. What
 * the Hub does not have is noted in the cache. Pickles are never among them.
 *
 * @throws DownloadError `download/no-safetensors`, `download/too-large`; WeightsFileError for an index that is broken or unsafe
 */
export async function neededFiles(
  client: HubClient,
  settings: HubSettings,
  cache: ModelCache,
  { config, fetchOne, prepared, signal }: NeededOptions,
): Promise<RemoteFile[]> {
  const { commit } = config;
  const place = { id: cache.id, revision: commit };
  const describe = (path: string, stop = signal) => describeFile(client, settings, place, path, { signal: stop });
  const describeOptional = async (path: string) =>
    await describe(path).catch(async (error) => {
      if (!(error instanceof DownloadError) || error.code !== "download/file-not-found") throw error;
      await noteAbsence(cache.absence(commit, path)).catch(() => {});
      return undefined;
    });

  const [preprocessor, weights] = await Promise.all([describeOptional(PREPROCESSOR), describeOptional(WEIGHTS)]);
  const small = [config, ...(preprocessor ? [preprocessor] : [])];
  const files = [...small];
  if (weights) files.push(weights);
  else {
    const index = await describeOptional(INDEX);
    if (!index) throw await noSafetensors(cache.id, commit, describeOptional);
    small.push(index);
    checkSmall(small, cache.id);
    await prepared();
    await fetchOne(index);
    const shards = await shardsOf(cache, commit);
    if (shards.length > MOST_SHARDS)
      throw downloadError(
        "download/too-large",
        `"${INDEX}" of "${cache.id}" names ${shards.length} files; at most ${MOST_SHARDS} are read. Check that it is the right model.`,
        { details: { id: cache.id, files: shards.length } },
      );
    const found: RemoteFile[] = [];
    await inParallel(
      shards,
      { width: PARALLEL_QUESTIONS, signal },
      async (shard, stop) => void found.push(await describe(shard, stop)),
    );
    files.push(...found);
  }
  checkSmall(small, cache.id);
  return files;
}

function checkSmall(files: readonly RemoteFile[], id: string): void {
  const large = files.find(({ bytes }) => bytes > LARGEST_JSON);
  if (large)
    throw downloadError(
      "download/too-large",
      `"${large.path}" of "${id}" has ${large.bytes} bytes; at most ${LARGEST_JSON} are read. Check that it is the right model.`,
      { details: { id, file: large.path, bytes: large.bytes } },
    );
}

async function noteAbsence(path: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeFile(path, "");
}

async function noSafetensors(
  id: string,
  commit: string,
  describe: (path: string) => Promise<RemoteFile | undefined>,
): Promise<DownloadError> {
  const found: string[] = [];
  for (const path of OTHER_WEIGHTS) if (await describe(path)) found.push(path);
  const convert =
    "Convert them once with Python: AutoModelForImageClassification.from_pretrained(ID).save_pretrained(FOLDER), and load the folder; " +
    "or ask for a pull request with safetensors at https://huggingface.co/spaces/safetensors/convert and take it as revision refs/pr/N.";
  return downloadError(
    "download/no-safetensors",
    found.length > 0
      ? `"${id}" has its weights only as "${found[0]}", which is no safetensors file${/bin/.test(found[0]!) ? ": a pickle can run code when it is read, so it is not downloaded" : ""}. ${convert}`
      : `"${id}" has neither "${WEIGHTS}" nor "${INDEX}" beside its "${CONFIG}". Check the id, or take a revision that has them.`,
    { details: { id, commit, found } },
  );
}
