import { open, rename, unlink } from "node:fs/promises";
import { tryLock } from "../lock-file.js";
import { makeFolder } from "../make-folder.js";
import { downloadError, isTransient } from "./download-error.js";
import type { HubClient } from "./hub-client.js";
import type { HubSettings } from "./hub-settings.js";
import { isFile, type ModelCache } from "./model-cache.js";
import { PartialFile } from "./partial-file.js";
import { readRange } from "./read-range.js";
import { fileAddress, type RemoteFile } from "./remote-file.js";
import { ATTEMPTS, pause, sleep } from "./with-retries.js";

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Told how many bytes of the file are here, whenever that changes; it may become less. */
  onBytes: (bytes: number) => void;
}

/** A waiting process looks this often whether the other is done. */
const LOOK_MS = 100;
/** A machine that has not renewed its lock for so long has left it behind. */
const STALE_MS = 120_000;
/** Once so much of a file has come, failures count anew. */
const PROGRESS_BYTES = 1 << 20;
/** A file whose bytes are wrong is fetched once more. */
const HASH_ATTEMPTS = 2;

/**
 * Puts a file's bytes into the cache under the name of their hash: by this process or by another that is at it already, from where an earlier one
 * ended. What stands there afterwards has been proven.
 *
 * @throws DownloadError; `signal.reason`. What has come by then is kept for the next time, unless it is wrong
 */
export async function fetchBlob(
  client: HubClient,
  settings: HubSettings,
  cache: ModelCache,
  file: RemoteFile,
  { signal, onBytes }: FetchOptions,
): Promise<void> {
  await Promise.all([cache.blobs, cache.locks].map((folder) => makeFolder(folder)));
  for (;;) {
    if (await isFile(cache.blob(file.etag))) return onBytes(file.bytes);
    const attempt = await tryLock(cache.lock(file.etag), { staleMs: STALE_MS });
    if ("release" in attempt) {
      try {
        if (!(await isFile(cache.blob(file.etag)))) await download(client, settings, cache, file, { signal, onBytes });
        return onBytes(file.bytes);
      } finally {
        await attempt.release();
      }
    }
    await sleep(LOOK_MS, signal);
  }
}

async function download(
  client: HubClient,
  settings: HubSettings,
  cache: ModelCache,
  file: RemoteFile,
  options: FetchOptions,
): Promise<void> {
  const partial = cache.partial(file.etag);
  for (let attempt = 1; ; attempt++) {
    const isRight = await downloadPartial(client, settings, cache, file, options);
    if (isRight) return await rename(partial, cache.blob(file.etag));
    await unlink(partial);
    options.onBytes(0);
    if (attempt >= HASH_ATTEMPTS)
      throw downloadError(
        "download/hash",
        `"${file.path}" of "${cache.id}" came twice with other bytes than the Hub's hash promises. Something between here and ${settings.endpoint} changes them; do not use this network for it.`,
        { details: { id: cache.id, file: file.path, wanted: file.etag } },
      );
  }
}

/** Completes the partial file. @returns whether its bytes have the promised hash */
async function downloadPartial(
  client: HubClient,
  settings: HubSettings,
  cache: ModelCache,
  file: RemoteFile,
  { signal, onBytes }: FetchOptions,
): Promise<boolean> {
  // "r+" writes where it is told; "a" alone would make the file if there is none.
  const handle = await open(cache.partial(file.etag), "a").then(async (made) => {
    await made.close();
    return await open(cache.partial(file.etag), "r+");
  });
  try {
    const part = await PartialFile.resume(handle, file, signal);
    for (let failures = 0; part.bytes < file.bytes; ) {
      const before = part.bytes;
      onBytes(part.bytes);
      try {
        await readRange(client, fileAddress(settings, { id: cache.id, revision: file.commit }, file.path), file, {
          part,
          asked: { id: cache.id, revision: file.commit, endpoint: settings.endpoint },
          timeoutMs: settings.downloadTimeoutMs,
          onBytes,
          signal,
        });
      } catch (error) {
        signal?.throwIfAborted();
        failures = part.bytes - before >= PROGRESS_BYTES ? 1 : failures + 1;
        if (!isTransient(error) || failures >= ATTEMPTS) throw error;
        await pause(failures, error, settings.retryDelayMs, signal);
      }
    }
    await handle.sync();
    return part.hash.matches();
  } finally {
    await handle.close();
  }
}
