import { openQueue } from "./open-queue.js";

/** What is in a queue. */
export interface QueueStatus {
  /** Parts that no worker has begun, those that wait for another try included. */
  waiting: number;
  active: number;
  /** Parts that are given up. */
  failed: { run: string; part: number; tries: number; reason: string }[];
  /** Processes that take parts. */
  workers: number;
}

/** @throws what `openQueue` throws */
export async function queueStatus(url: string): Promise<QueueStatus> {
  const { queue, close } = await openQueue(url);
  try {
    const counts = await queue.getJobCounts("waiting", "delayed", "prioritized", "active");
    const failed = await queue.getFailed();
    const { waiting = 0, delayed = 0, prioritized = 0, active = 0 } = counts;
    return {
      waiting: waiting + delayed + prioritized,
      active,
      failed: failed.map(({ data, attemptsStarted, failedReason }) => ({
        ...{ run: data.run, part: data.part, tries: attemptsStarted, reason: failedReason },
      })),
      workers: await queue.getWorkersCount(),
    };
  } finally {
    await close();
  }
}
