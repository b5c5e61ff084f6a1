import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { BatchError, InputError } from "../../errors.js";
import type { BatchItem } from "../../tasks/batch/batch-item.js";
import type { BatchSpec } from "../../tasks/batch/batch-task.js";

/** What a worker is told of a part. All of it is JSON. */
export interface PartJob {
  /** The name of the run, which the folder's own settings must have too. */
  run: string;
  /** The folder that the part goes into, on a disk that all machines see. */
  folder: string;
  part: number;
  items: BatchItem[];
  spec: BatchSpec;
  /** What the items' paths are relative to. */
  pictures: string;
  urls: "off" | "public";
}

/** In Redis, all keys of ours begin with `bull:vitrail-batch`. */
export const QUEUE = "vitrail-batch";
/** Milliseconds for the first answer of Redis. */
const CONNECT_MS = 5_000;

/** A queue, and the way to let go of it. */
export interface OpenQueue {
  queue: Queue<PartJob>;
  close(): Promise<void>;
}

/** Loads the packages of queues. @throws InputError `input/not-installed` */
export async function loadQueuePackages(): Promise<{
  bullmq: typeof import("bullmq");
  ioredis: typeof import("ioredis");
}> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, ioredis };
  } catch (cause) {
    throw new InputError(
      "input/not-installed",
      "Queues need the packages bullmq and ioredis, of which one is not installed. Run: npm install bullmq ioredis",
      { cause, details: { packages: ["bullmq", "ioredis"] } },
    );
  }
}

/**
 * A connection that is proven: Redis has answered.
 *
 * @throws InputError `input/option` for what is no redis URL, `input/not-installed`; BatchError `batch/queue` where no Redis answers
 */
export async function connectRedis(url: string): Promise<Redis> {
  if (!/^rediss?:\/\//.test(url))
    throw new InputError(
      "input/option",
      `A queue is a URL such as redis://127.0.0.1:6379; found "${url.slice(0, 60)}".`,
      {
        details: { option: "queue" },
      },
    );
  const { ioredis } = await loadQueuePackages();
  // Without a bound on retries, as BullMQ wants it: a Redis that restarts is waited for.
  const redis = new ioredis.Redis(url, { maxRetriesPerRequest: null });
  let why: Error | undefined;
  redis.on("error", (error) => {
    why = error; // without a listener it would end the process; the connection tries again by itself
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(why ?? new Error("no answer")), CONNECT_MS);
  });
  try {
    await Promise.race([redis.ping(), late]);
    return redis;
  } catch (cause) {
    redis.disconnect();
    throw new BatchError(
      "batch/queue",
      `No Redis answers at ${hostOf(url)}: ${(cause as Error).message || "no connection"}. Check the URL and the server.`,
      {
        cause,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Opens the queue of batches. @throws what `connectRedis` throws */
export async function openQueue(url: string): Promise<OpenQueue> {
  const connection = await connectRedis(url);
  const { bullmq } = await loadQueuePackages();
  const queue = new bullmq.Queue<PartJob>(QUEUE, { connection });
  queue.on("error", () => {}); // the connection tries again by itself
  return {
    queue,
    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
}

/** Where a server is, without the password that a URL may have. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "this URL";
}
