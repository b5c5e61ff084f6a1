import { setTimeout as sleep } from "node:timers/promises";
import { BatchError } from "../../errors.js";
import type { BatchSpec, BatchTask } from "../../tasks/batch/batch-task.js";
import type { BatchOptions, MakeParts } from "../../tasks/batch/run-batch.js";
import type { RunFolder } from "../../tasks/batch/run-folder.js";
import { type OpenQueue, openQueue, type PartJob } from "./open-queue.js";

export interface QueueOptions {
  /** Of Redis. */
  url: string;
  spec: BatchSpec;
  /** How often a part is begun that fails, before it is given up. Default 3. */
  tries?: number;
}

/** A part that is given up. */
interface FailedPart {
  part: number;
  tries: number;
  reason: string;
}

const DEFAULT_TRIES = 3;
/** Parts that are in the queue at once: what Redis holds in memory has a bound, and workers always find some. */
const WINDOW = 500;
const POLL_MS = 300;
/** Before the second try of a part; doubled with each. */
const PAUSE_MS = 1000;
/** A part's file may be seen late on network disks. Milliseconds. */
const LATE_FILE_MS = 30_000;
/** Seconds that a failed part stays to be seen by `vitrail batch status`. */
const KEEP_FAILED = 7 * 24 * 3600;

/**
 * Lets workers make the parts: puts them into a queue, a few hundred at a time, and waits for their files. Whoever is killed meanwhile, this process
 * too, loses nothing: the same command looks which files are there and goes on.
 *
 * @throws BatchError `batch/parts-failed` once all other parts are there, `batch/queue`; InputError `input/not-installed`; `signal.reason`
 */
export function queueParts({ url, spec, tries = DEFAULT_TRIES }: QueueOptions) {
  return (task: BatchTask, { access, signal }: BatchOptions): MakeParts =>
    async (run, missing, meter) => {
      await task[Symbol.asyncDispose](); // the workers have models of their own
      const opened = await openQueue(url);
      const jobs = new RunJobs(opened, run, tries);
      try {
        await jobs.forget();
        const source = missing[Symbol.asyncIterator]();
        const outstanding = new Set<number>();
        let isAllQueued = false;
        while (!isAllQueued || outstanding.size > 0) {
          signal.throwIfAborted();
          while (!isAllQueued && outstanding.size < WINDOW) {
            const { value, done } = await source.next();
            if (done) isAllQueued = true;
            else {
              const { part, items } = value;
              const urls = access.fetchPicture ? "public" : "off";
              await jobs.add({ run: run.id, folder: run.path, part, items, spec, pictures: access.folder, urls });
              outstanding.add(part);
            }
          }
          const there = await run.done();
          for (const part of outstanding)
            if (there.has(part)) {
              outstanding.delete(part);
              meter.addCount(run.rowsOf(part));
            }
          for (const part of await jobs.givenUp(outstanding)) outstanding.delete(part);
          if (outstanding.size > 0) await sleep(POLL_MS, undefined, { signal }).catch(() => {});
        }
        jobs.throwIfFailed();
      } finally {
        await opened.close();
      }
    };
}

/** The jobs of one run. */
class RunJobs {
  private readonly failures: FailedPart[] = [];
  private gone: ReadonlySet<number> = new Set();
  private nextLook = Date.now() + LATE_FILE_MS;

  constructor(
    private readonly opened: OpenQueue,
    private readonly run: RunFolder,
    private readonly tries: number,
  ) {}

  /** Removes what an earlier process has given up, so that it is tried anew. */
  async forget(): Promise<void> {
    for (const job of await this.opened.queue.getFailed()) if (job.data.run === this.run.id) await job.remove();
  }

  /** A part that waits already stays the one it is: jobs have names. */
  async add(data: PartJob): Promise<void> {
    await this.opened.queue.add("part", data, {
      jobId: this.nameOf(data.part),
      attempts: this.tries,
      backoff: { type: "exponential", delay: PAUSE_MS },
      removeOnComplete: true,
      removeOnFail: { age: KEEP_FAILED },
    });
  }

  /** Those of the parts that will not come any more; why is kept. */
  async givenUp(outstanding: ReadonlySet<number>): Promise<number[]> {
    const { queue } = this.opened;
    const given: FailedPart[] = [];
    for (const { data, attemptsStarted, failedReason } of await queue.getFailed())
      if (data.run === this.run.id && outstanding.has(data.part))
        given.push({ part: data.part, tries: attemptsStarted, reason: failedReason });
    if (Date.now() > this.nextLook) given.push(...(await this.lost(outstanding)));
    this.failures.push(...given);
    return given.map(({ part }) => part);
  }

  /** Parts whose jobs are done and gone, twice in a row, though their files are not there. */
  private async lost(outstanding: ReadonlySet<number>): Promise<FailedPart[]> {
    const gone = new Set<number>();
    for (const part of outstanding)
      if ((await this.opened.queue.getJobState(this.nameOf(part))) === "unknown") gone.add(part);
    const lost = [...gone].filter((part) => this.gone.has(part));
    this.gone = gone;
    this.nextLook = Date.now() + LATE_FILE_MS;
    const reason = `A worker has done it, but no file came into "${this.run.path}". All machines must see the same disk.`;
    return lost.map((part) => ({ part, tries: 1, reason }));
  }

  throwIfFailed(): void {
    const [first] = this.failures;
    if (!first) return;
    const { length } = this.failures;
    throw new BatchError(
      "batch/parts-failed",
      `${length} of ${this.run.count} parts failed; the first is part ${first.part}, after ${first.tries} tries: ${first.reason} All others are there. Mend the cause, then run the same command again.`,
      { details: { parts: this.failures } },
    );
  }

  private nameOf(part: number): string {
    return `${this.run.id}-${part}`;
  }
}
