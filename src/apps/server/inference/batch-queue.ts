/** What a queue tells about its work, for metrics. */
export interface QueueObserver {
  /** Before a batch runs: how long each of its items waited, in seconds. */
  started(waits: readonly number[]): void;
  /** After it ran, in seconds. */
  ended(seconds: number, items: number): void;
}

interface Waiting<Item, Result> {
  item: Item;
  since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Runs items in batches: whatever has come while a batch ran is the next one, up to the most. So a lone item starts at once, and batches
 * grow just as far as the load needs.
 */
export class BatchQueue<Item, Result> {
  private readonly waiting = new Set<Waiting<Item, Result>>();
  private running: Promise<void> | undefined;

  /** @param run gives a result for each item, in their order; when it fails, all of its items fail with the same error */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly most: number,
    private readonly observer: QueueObserver = { started() {}, ended() {} },
  ) {}

  /** Items that wait for a batch. */
  get length(): number {
    return this.waiting.size;
  }

  /** @throws what the batch fails with; `signal.reason`, where it is aborted before its batch starts */
  add(item: Item, signal?: AbortSignal): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const entry: Waiting<Item, Result> = { item, since: performance.now(), resolve, reject };
      const leave = () => {
        if (this.waiting.delete(entry)) reject(signal!.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      const settled = () => signal?.removeEventListener("abort", leave);
      entry.resolve = (result) => {
        settled();
        resolve(result);
      };
      entry.reject = (error) => {
        settled();
        reject(error);
      };
      this.waiting.add(entry);
      this.running ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    // Items that come in the same turn of the event loop share the first batch.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const batch = [...this.waiting].slice(0, this.most);
      for (const entry of batch) this.waiting.delete(entry);
      const start = performance.now();
      this.observer.started(batch.map(({ since }) => (start - since) / 1000));
      try {
        const results = await this.run(batch.map(({ item }) => item));
        for (const [i, entry] of batch.entries()) entry.resolve(results[i]!);
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
      this.observer.ended((performance.now() - start) / 1000, batch.length);
    }
    this.running = undefined;
  }
}
