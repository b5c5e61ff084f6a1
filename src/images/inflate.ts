import { constants, createInflate, deflateSync, inflateSync } from "node:zlib";

/** The room's only door to the platform's zlib: everything here is bounded, whatever the bytes promise. */

/** How an inflation stopped: `take` had enough, the data ended (well or cut off), or they are no deflate data. */
export type InflateEnd = "enough" | "ended" | "corrupt";

/**
 * Inflates a zlib stream piece by piece until `take` returns true, so that a bomb costs no more than what is wanted of it.
 *
 * @param take gets views that are valid only during the call; true: enough
 */
export async function inflateUntil(
  zlibStream: Uint8Array,
  take: (piece: Uint8Array) => boolean,
  signal?: AbortSignal,
): Promise<InflateEnd> {
  // Flushing instead of finishing: what a cut stream still holds is handed out, not lost to an error.
  const inflater = createInflate({ chunkSize: 2 ** 16, finishFlush: constants.Z_SYNC_FLUSH });
  inflater.end(zlibStream);
  try {
    for await (const piece of inflater) {
      signal?.throwIfAborted();
      if (take(piece as Uint8Array)) return "enough";
    }
    return "ended";
  } catch (error) {
    if (isZlibError(error)) return "corrupt";
    throw error;
  }
}

/** Inflates a small zlib stream whole; `"too-large"` past `maxBytes`, `"corrupt"` when it is damaged. */
export function inflateAtMost(zlibStream: Uint8Array, maxBytes: number): Uint8Array | "too-large" | "corrupt" {
  try {
    return inflateSync(zlibStream, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return "too-large";
    if (isZlibError(error)) return "corrupt";
    throw error;
  }
}

/** A zlib stream of `bytes`. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes);
}

function isZlibError(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && code.startsWith("Z_");
}
