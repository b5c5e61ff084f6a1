import type { Job } from "bullmq";
import { BatchError, VitrailError } from "../../errors.js";
import { answerPart } from "../../tasks/batch/answer-part.js";
import type { BatchSpec, BatchTask } from "../../tasks/batch/batch-task.js";
import { RunFolder } from "../../tasks/batch/run-folder.js";
import { isSameFingerprint } from "../../tasks/batch/run-settings.js";
import { fetchPicture } from "../server/urls/fetch-picture.js";
import { connectRedis, loadQueuePackages, type PartJob, QUEUE } from "./open-queue.js";

export interface WorkOptions {
  /** Of Redis. */
  url: string;
  /** Loads the models of a task. They stay until another task comes. */
  load: (spec: BatchSpec) => Promise<BatchTask>;
  /** Milliseconds after which the part of a worker that is silent is given to another. Default 30,000. */
  silentMs?: number;
  /** Called after each part. */
  onPart?: (done: { run: string; part: number; rows: number; seconds: number }) => void;
  /** Called for each part that failed. */
  onFailure?: (part: number | undefined, error: Error) => void;
  /** Aborted: no part is begun any more, and the one that has begun is ended. */
  signal: AbortSignal;
}

const SILENT_MS = 30_000;
/** How many workers may die over one part before it counts as what kills them. */
const MOST_DEATHS = 5;

/**
 * Takes parts out of a queue and makes them, until it is told to stop.
 *
 * @throws BatchError `batch/another-model` where this machine's numbers are not those of the run, `batch/queue`; InputError `input/not-installed`
 */
export async function workQueue({
  url,
  load,
  silentMs = SILENT_MS,
  onPart,
  onFailure,
  signal,
}: WorkOptions): Promise<void> {
  const connection = await connectRedis(url);
  const { bullmq } = await loadQueuePackages();
  const bench = new Bench(load);
  const stop = new AbortController();
  const worker = new bullmq.Worker<PartJob>(
    QUEUE,
    async (job) => {
      const begin = performance.now();
      try {
        const rows = await bench.make(job);
        onPart?.({ run: job.data.run, part: job.data.part, rows, seconds: (performance.now() - begin) / 1000 });
      } catch (error) {
        if (error instanceof BatchError && error.code === "batch/another-model") stop.abort(error);
        // What no other try would change is not tried again. The code is part of the reason that is kept.
        if (!(error instanceof VitrailError)) throw error;
        const reason = `${error.message} (${error.code})`;
        throw isFinal(error) ? new bullmq.UnrecoverableError(reason) : new Error(reason, { cause: error });
      }
    },
    { connection, lockDuration: silentMs, stalledInterval: silentMs, maxStalledCount: MOST_DEATHS },
  );
  worker.on("error", () => {}); // the connection tries again by itself
  worker.on("failed", (job, error) => onFailure?.(job?.data.part, error));
  try {
    await aborted(AbortSignal.any([signal, stop.signal]));
    await worker.close();
  } finally {
    connection.disconnect();
    await bench.clear();
  }
  stop.signal.throwIfAborted();
}

/** Holds the models of the task that came last. */
class Bench {
  private current: { spec: string; task: BatchTask } | undefined;

  constructor(private readonly load: WorkOptions["load"]) {}

  /** Makes a part, unless it is there already. Returns its number of rows. */
  async make({ data }: Job<PartJob>): Promise<number> {
    const { run: id, folder, part, items, spec, pictures, urls } = data;
    const run = await RunFolder.read(folder);
    if (run?.id !== id)
      throw new BatchError(
        "batch/no-run",
        `"${folder}" is not the folder of run ${id}. All machines must see the same disk; or the run has ended.`,
        { details: { folder, run: id } },
      );
    if (!Number.isSafeInteger(part) || part < 0 || part >= run.count || items.length !== run.rowsOf(part))
      throw new BatchError("batch/damaged", `Run ${id} has no part ${part} with ${items.length} rows.`);
    const task = await this.taskOf(spec);
    if (!isSameFingerprint(task.fingerprint, run.settings.fingerprint))
      throw new BatchError(
        "batch/another-model",
        `The models give other numbers here than where run ${id} began: other files, or an engine that rounds elsewhere. Use the same models, engine and Node version.`,
        { details: { run: id } },
      );
    if ((await run.done()).has(part)) return items.length;
    const signal = new AbortController().signal;
    const access = { folder: pictures, ...(urls === "public" && { fetchPicture }) };
    await run.write(part, await answerPart(items, task, { ...access, signal }));
    return items.length;
  }

  async clear(): Promise<void> {
    await this.current?.task[Symbol.asyncDispose]();
    this.current = undefined;
  }

  private async taskOf(spec: BatchSpec): Promise<BatchTask> {
    const text = JSON.stringify(spec);
    if (this.current?.spec !== text) {
      await this.clear();
      this.current = { spec: text, task: await this.load(spec) };
    }
    return this.current.task;
  }
}

/** Failures that come from what was asked, not from the moment. */
function isFinal({ code }: VitrailError): boolean {
  return /^(batch\/(no-run|damaged)|input\/option|checkpoint\/.*|weights\/.*)$/.test(code);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
