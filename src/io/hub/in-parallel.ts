/**
 * Does work for each of many, some at once. After a failure the rest is aborted; the failure is thrown when all that began has ended.
 *
 * @param work is given a signal that is aborted by the first failure, or by `signal`
 */
export async function inParallel<Item>(
  items: readonly Item[],
  { width, signal }: { width: number; signal?: AbortSignal | undefined },
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const queue = [...items];
  const stop = new AbortController();
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", forward);
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined && !stop.signal.aborted; item = queue.shift())
      await work(item, stop.signal).catch((error) => stop.abort(error));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  } finally {
    signal?.removeEventListener("abort", forward);
  }
  stop.signal.throwIfAborted();
}
