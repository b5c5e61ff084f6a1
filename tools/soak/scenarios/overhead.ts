import process from "node:process";
import { Client, closedLoop } from "../client.js";
import { photo, smallModel } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild } from "../soak-build.js";

const BATCH = 8;

/** What a run took. */
interface Cost {
  seconds: number;
  /** Of the process that worked, in milliseconds. */
  processorMs: number;
}

/**
 * What the service costs over the bare model: pairs of runs, one after the other, the model alone in this process. On a machine that others use
 * too, times tell more of them; processor time tells what was worked.
 */
export async function overhead(
  build: SoakBuild,
  { pairs, pictures }: { pairs: number; pictures: number },
): Promise<Findings> {
  await using model = await build.loadModel(smallModel);
  const server = await ServerProcess.start(build.cli, ["--model", `m=${smallModel}`]);
  const client = new Client(server.url);
  const send = () => client.send({ path: "/embed", body: photo });
  const photos = Array.from({ length: pictures }, () => photo);
  const singles = Math.ceil(pictures / 4);
  const here = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const there = () => server.processorMs();
  try {
    const bare: Cost[] = [];
    const served: Cost[] = [];
    const bareLatency: number[] = [];
    const servedLatency: number[] = [];
    for (let pair = -1; pair < pairs; pair++) {
      const bareCost = await costOf(() => model.embed(photos, { batch: BATCH }), here);
      const servedCost = await costOf(() => closedLoop(pictures, 3 * BATCH, send), there);
      const bareSingles: number[] = [];
      for (let i = 0; i < singles; i++) bareSingles.push(1000 * (await costOf(() => model.embed(photo), here)).seconds);
      const servedSingles = (await closedLoop(singles, 1, send)).map(({ ms }) => ms);
      if (pair < 0) continue; // the first warms up
      bare.push(bareCost);
      served.push(servedCost);
      bareLatency.push(quantile(bareSingles, 0.5));
      servedLatency.push(quantile(servedSingles, 0.5));
    }
    const least = (values: number[]) => Math.min(...values);
    const leastSeconds = (costs: Cost[]) => least(costs.map(({ seconds }) => seconds));
    const allProcessorMs = (costs: Cost[]) => costs.reduce((sum, { processorMs }) => sum + processorMs, 0);
    return {
      id: "overhead",
      title: `The service beside the bare model: ${pairs} pairs of ${pictures} pictures, times as the least of each`,
      figures: [
        bound("throughput of the bare model", pictures / leastSeconds(bare), ">=", 0, "pictures/s"),
        bound(
          "throughput of the service, of the bare model's",
          (100 * leastSeconds(bare)) / leastSeconds(served),
          ">=",
          95,
          "%",
        ),
        bound(
          "processor time of the service for a picture, of the bare model's",
          (100 * allProcessorMs(served)) / allProcessorMs(bare),
          "<=",
          105,
          "%",
        ),
        bound(
          "p50 of one request at a time, over the bare model's",
          least(servedLatency) - least(bareLatency),
          "<=",
          5,
          "ms",
        ),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}

async function costOf(work: () => Promise<unknown>, processor: () => number): Promise<Cost> {
  const start = performance.now();
  const before = processor();
  await work();
  return { seconds: (performance.now() - start) / 1000, processorMs: processor() - before };
}
