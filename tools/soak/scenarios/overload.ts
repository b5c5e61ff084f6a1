import { Client, closedLoop, type Outcome, openLoop } from "../client.js";
import { Collector } from "../collector.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild, until } from "../soak-build.js";

export interface OverloadSize {
  /** Requests at twice the capacity, in each run. */
  requests: number;
  /** Requests that measure the capacity. */
  warmUp: number;
  runs: number;
  /** What is served, as `vitrail serve` takes it, and in words. */
  serve: readonly string[];
  name: string;
  path: string;
  picture: Uint8Array;
}

const QUEUE = 64;
const BATCH = 8;

/** S1, S22 and S23: open loops at twice the capacity; counters compared with the client's tallies. */
export async function overload(
  build: SoakBuild,
  { requests, warmUp, runs, serve, name, path, picture }: OverloadSize,
): Promise<Findings> {
  const args = [...serve, "--queue", String(QUEUE), "--batch", String(BATCH)];
  const collector = new Collector();
  const server = await ServerProcess.start(build.cli, args, collector.nodeArgs);
  const client = new Client(server.url);
  try {
    const send = () => client.send({ path, body: picture });
    await closedLoop(warmUp, 2 * BATCH, send);
    const capacity = await measure(warmUp, () => closedLoop(warmUp, 2 * BATCH, send));
    const memory = [await collector.memoryOf(server)];
    const tensorsBefore = tensorsIn((await client.send({ path: "/metrics" })).body);
    const lives: number[] = [];
    const outcomes: Pick<Outcome, "status" | "retryAfter" | "ms">[] = [];
    const goodput: number[] = [];
    for (let run = 0; run < runs; run++) {
      let isLoaded = true;
      const watching = (async () => {
        while (isLoaded) {
          lives.push((await client.send({ path: "/health/live" })).ms);
          await until(50);
        }
      })();
      const start = performance.now();
      const ended = await openLoop(requests, 2 * capacity.perSecond, async () => {
        const { status, retryAfter, ms } = await send();
        return { status, retryAfter, ms };
      });
      const seconds = (performance.now() - start) / 1000;
      goodput.push(ended.filter(({ status }) => status === 200).length / seconds / capacity.perSecond);
      outcomes.push(...ended);
      isLoaded = false;
      await watching;
      await until(500);
      memory.push(await collector.memoryOf(server));
    }
    const accepted = outcomes.filter(({ status }) => status === 200);
    const refused = outcomes.filter(({ status }) => status === 503);
    const batchMs = (1000 * BATCH) / capacity.perSecond;
    const metrics = (await client.send({ path: "/metrics" })).body;
    const counted = counters(metrics, path);
    const times = accepted.map(({ ms }) => ms);
    // Of several runs the first one is the warm-up for memory too.
    const [before, after] = [memory[runs > 1 ? 1 : 0]!, memory.at(-1)!];
    return {
      id: "S1, S22, S23",
      title: `${runs > 1 ? `${runs} times ` : ""}${requests} requests at twice the capacity of ${capacity.perSecond.toFixed(1)} pictures/s, ${name}`,
      figures: [
        bound("requests without an answer", outcomes.filter(({ status }) => status === 0).length, "=", 0),
        bound("answers other than 200 and 503 with Retry-After", outcomes.filter(isStrange).length, "=", 0),
        bound("answered with 200, of the capacity, least of the runs", 100 * Math.min(...goodput), ">=", 90, "%"),
        bound("refused", refused.length, ">=", 1),
        bound("p99 of accepted requests", quantile(times, 0.99), "<=", (QUEUE / BATCH + 2) * batchMs, "ms"),
        bound("/health/live, p99", quantile(lives, 0.99), "<=", 50, "ms"),
        bound("memory that is held after it, of before", (100 * after.held) / before.held, "<=", 105, "%"),
        bound("resident memory after it, of before", (100 * after.resident) / before.resident, "<=", 105, "%"),
        bound("tensors after it, less those before", tensorsIn(metrics) - tensorsBefore, "=", 0),
        bound("200s in /metrics, less the client's", counted.ok - accepted.length - 2 * warmUp, "=", 0),
        bound("503s in /metrics, less the client's", counted.refused - refused.length, "=", 0),
        bound("vitrail_rejected_total, less the client's 503s", counted.rejected - refused.length, "=", 0),
      ],
    };
  } finally {
    client.close();
    await server.stop();
    collector.remove();
  }
}

async function measure(requests: number, work: () => Promise<unknown>): Promise<{ perSecond: number }> {
  const start = performance.now();
  await work();
  return { perSecond: (1000 * requests) / (performance.now() - start) };
}

function isStrange({ status, retryAfter }: Pick<Outcome, "status" | "retryAfter">): boolean {
  if (status === 0 || status === 200) return false;
  return status !== 503 || !(Number(retryAfter) >= 1);
}

function tensorsIn(metrics: string): number {
  return Number(/^vitrail_tensors (\d+)$/m.exec(metrics)?.[1]);
}

function counters(metrics: string, path: string): { ok: number; refused: number; rejected: number } {
  const sum = (pattern: RegExp) =>
    [...metrics.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    ok: sum(new RegExp(`_count\\{.*http_route="${path}".*status_code="200"\\} (\\d+)`, "g")),
    refused: sum(/_count\{.*status_code="503"\} (\d+)/g),
    rejected: sum(/^vitrail_rejected_total\{[^}]*\} (\d+)/gm),
  };
}
