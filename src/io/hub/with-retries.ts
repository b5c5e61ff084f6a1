import { setTimeout as wait } from "node:timers/promises";
import { DownloadError } from "../../errors.js";
import { isTransient } from "./download-error.js";

/** huggingface_hub's count too. */
export const ATTEMPTS = 5;
const LONGEST_WAIT_MS = 60_000;
const LONGEST_BACKOFF_MS = 8_000;

export interface RetryOptions {
  attempts?: number;
  /** Wait after the first failure; doubles with each, a quarter more or less at random. */
  delayMs: number;
  signal?: AbortSignal | undefined;
}

/** Does work again after a failure that may pass, as late as the server asks. */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  { attempts = ATTEMPTS, delayMs, signal }: RetryOptions,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error) || failures >= attempts) throw error;
      await pause(failures, error, delayMs, signal);
    }
  }
}

/**
 * Waits before the next attempt: longer after each failure, and as long as the server asked for.
 *
 * @throws the error itself where the server asks for more than a minute: who called would rather hear of it
 */
export async function pause(
  failures: number,
  error: unknown,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const asked = error instanceof DownloadError ? error.details.retryAfterMs : undefined;
  const backoff = Math.min(LONGEST_BACKOFF_MS, delayMs * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
  const ms = typeof asked === "number" ? Math.max(asked, backoff) : backoff;
  if (ms > LONGEST_WAIT_MS) throw error;
  await sleep(ms, signal);
}

/** @throws `signal.reason`, at once */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, signal && { signal }).catch((error) => {
    signal?.throwIfAborted();
    throw error;
  });
}
