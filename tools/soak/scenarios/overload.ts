import { Client, closedLoop, type Outcome, openLoop } from "../client.js";
import { photo, smallModel } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild, until } from "../soak-build.js";

export interface OverloadSize {
  /** Requests at twice the capacity. */
  requests: number;
  /** Requests that measure the capacity. */
  warmUp: number;
  model?: string;
}

const QUEUE = 64;
const BATCH = 8;

/** S1, S22 and S23: an open loop at twice the capacity, with the small real model; counters compared with the client's tallies. */
export async function overload(
  build: SoakBuild,
  { requests, warmUp, model = smallModel }: OverloadSize,
): Promise<Findings> {
  const args = ["--model", `m=${model}`, "--queue", String(QUEUE), "--batch", String(BATCH)];
  const server = await ServerProcess.start(build.cli, args);
  const client = new Client(server.url);
  try {
    const send = () => client.send({ path: "/embed", body: photo });
    await closedLoop(warmUp, 2 * BATCH, send);
    const capacity = await measure(warmUp, () => closedLoop(warmUp, 2 * BATCH, send));
    const residentBefore = server.residentMb();
    const lives: number[] = [];
    let isLoaded = true;
    const watching = (async () => {
      while (isLoaded) {
        lives.push((await client.send({ path: "/health/live" })).ms);
        await until(50);
      }
    })();
    const start = performance.now();
    const outcomes = await openLoop(requests, 2 * capacity.perSecond, send);
    const seconds = (performance.now() - start) / 1000;
    isLoaded = false;
    await watching;
    const accepted = outcomes.filter(({ status }) => status === 200);
    const refused = outcomes.filter(({ status }) => status === 503);
    const batchMs = (1000 * BATCH) / capacity.perSecond;
    const counted = counters((await client.send({ path: "/metrics" })).body);
    await until(500);
    const resident = server.residentMb();
    return {
      id: "S1, S22, S23",
      title: `${requests} requests at twice the capacity of ${capacity.perSecond.toFixed(1)} pictures/s`,
      figures: [
        bound("requests without an answer", outcomes.filter(({ status }) => status === 0).length, "=", 0),
        bound("answers other than 200 and 503 with Retry-After", outcomes.filter(isStrange).length, "=", 0),
        bound(
          "answered with 200, of the capacity",
          (100 * accepted.length) / seconds / capacity.perSecond,
          ">=",
          90,
          "%",
        ),
        bound("refused", refused.length, ">=", 1),
        bound(
          "p99 of accepted requests",
          quantile(
            accepted.map(({ ms }) => ms),
            0.99,
          ),
          "<=",
          (QUEUE / BATCH + 2) * batchMs,
          "ms",
        ),
        bound("/health/live, p99", quantile(lives, 0.99), "<=", 50, "ms"),
        bound("resident memory after it, of before", (100 * resident) / residentBefore, "<=", 105, "%"),
        bound("200s in /metrics, less the client's", counted.ok - accepted.length - 2 * warmUp, "=", 0),
        bound("503s in /metrics, less the client's", counted.refused - refused.length, "=", 0),
        bound("vitrail_rejected_total, less the client's 503s", counted.rejected - refused.length, "=", 0),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}

async function measure(requests: number, work: () => Promise<unknown>): Promise<{ perSecond: number }> {
  const start = performance.now();
  await work();
  return { perSecond: (1000 * requests) / (performance.now() - start) };
}

function isStrange({ status, retryAfter }: Outcome): boolean {
  if (status === 0 || status === 200) return false;
  return status !== 503 || !(Number(retryAfter) >= 1);
}

function counters(metrics: string): { ok: number; refused: number; rejected: number } {
  const sum = (pattern: RegExp) =>
    [...metrics.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    ok: sum(/_count\{.*http_route="\/embed.*status_code="200"\} (\d+)/g),
    refused: sum(/_count\{.*status_code="503"\} (\d+)/g),
    rejected: sum(/^vitrail_rejected_total\{[^}]*\} (\d+)/gm),
  };
}
