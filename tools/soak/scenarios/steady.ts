import { Client, closedLoop, type Outcome, openLoop } from "../client.js";
import { Collector } from "../collector.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild, until } from "../soak-build.js";

/** Of the capacity. */
const LOAD = 0.8;
const AT_A_TIME = 16;
/** Requests after which nothing is compiled or built any more. */
const WARM_UP = 6_000;
/** The run in so many slices, of which the first and the last are compared. */
const SLICES = 10;
/** Requests after a forced collection, which throws compiled code away too, before anything is timed. */
const AGAIN = 600;
/** Growth for 10,000 requests that counts as none, in megabytes. */
const MOST_GROWTH_MB = 1;

/** S2: an open loop at 0.8 of the capacity. Memory's growth is the line through what is held before each slice and after the last. */
export async function steady(build: SoakBuild, { requests }: { requests: number }): Promise<Findings> {
  const collector = new Collector();
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`], collector.nodeArgs);
  const path = "/models/m";
  try {
    const warming = new Client(server.url);
    const send = () => warming.send({ path, body: photo });
    await closedLoop(WARM_UP / 2, AT_A_TIME, send);
    const start = performance.now();
    await closedLoop(WARM_UP / 2, AT_A_TIME, send);
    const perSecond = (LOAD * 1000 * (WARM_UP / 2)) / (performance.now() - start);
    warming.close();
    await until(500);
    const filesBefore = server.openFiles();

    const client = new Client(server.url);
    const outcomes: Pick<Outcome, "status" | "ms">[] = [];
    const held: number[] = [];
    for (let slice = 0; slice < SLICES; slice++) {
      held.push((await collector.memoryOf(server)).held);
      await closedLoop(AGAIN, AT_A_TIME, () => client.send({ path, body: photo }));
      const ended = await openLoop(Math.ceil(requests / SLICES), perSecond, async () => {
        const { status, ms } = await client.send({ path, body: photo });
        return { status, ms };
      });
      outcomes.push(...ended);
    }
    held.push((await collector.memoryOf(server)).held);
    client.close();
    await until(500);
    const filesAfter = server.openFiles();
    const p99 = (part: typeof outcomes) =>
      quantile(
        part.map(({ ms }) => ms),
        0.99,
      );
    const tenth = Math.ceil(outcomes.length / SLICES);
    const relative = (100 * p99(outcomes.slice(-tenth))) / p99(outcomes.slice(0, tenth));
    return {
      id: "S2",
      title: `${requests} requests at ${LOAD} of the capacity: ${perSecond.toFixed(0)} in a second`,
      figures: [
        bound(
          "answers other than 200 and 503",
          outcomes.filter(({ status }) => status !== 200 && status !== 503).length,
          "=",
          0,
        ),
        bound("growth of held memory for 10,000 requests", (slope(held) * 10_000) / tenth, "<=", MOST_GROWTH_MB, "MB"),
        bound("p99 of the last tenth, of the first's", relative, "<=", 110, "%"),
        bound("open files more than before", filesAfter - filesBefore, "=", 0),
      ],
    };
  } finally {
    await server.stop();
    collector.remove();
  }
}

/** Of the line through values at 0, 1, 2, …: the middle of the slopes of all pairs, to which one value that is off does nothing (Theil and Sen). */
function slope(values: readonly number[]): number {
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, k) => (b - a) / (k + 1)));
  return quantile(slopes, 0.5);
}
