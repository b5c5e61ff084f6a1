import { Client, closedLoop } from "../client.js";
import { photo, smallModel } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild } from "../soak-build.js";

const BATCH = 8;

/** What the service costs over the bare model: pairs of runs, one after the other, the model alone in this process. */
export async function overhead(
  build: SoakBuild,
  { pairs, pictures }: { pairs: number; pictures: number },
): Promise<Findings> {
  await using model = await build.loadModel(smallModel);
  const server = await ServerProcess.start(build.cli, ["--model", `m=${smallModel}`]);
  const client = new Client(server.url);
  const send = () => client.send({ path: "/embed", body: photo });
  const photos = Array.from({ length: pictures }, () => photo);
  try {
    const bareLatency: number[] = [];
    const servedLatency: number[] = [];
    const bare: number[] = [];
    const served: number[] = [];
    for (let pair = -1; pair < pairs; pair++) {
      const bareSeconds = await seconds(() => model.embed(photos, { batch: BATCH }));
      const servedSeconds = await seconds(() => closedLoop(pictures, 3 * BATCH, send));
      const singles = Math.ceil(pictures / 4);
      const bareSingles: number[] = [];
      for (let i = 0; i < singles; i++) bareSingles.push(1000 * (await seconds(() => model.embed(photo))));
      const servedSingles = (await closedLoop(singles, 1, send)).map(({ ms }) => ms);
      if (pair < 0) continue; // the first warms up
      bare.push(bareSeconds);
      served.push(servedSeconds);
      bareLatency.push(quantile(bareSingles, 0.5));
      servedLatency.push(quantile(servedSingles, 0.5));
    }
    const least = (values: number[]) => Math.min(...values);
    return {
      id: "overhead",
      title: `The service beside the bare model: ${pairs} pairs of ${pictures} pictures, least of each`,
      figures: [
        bound("throughput of the bare model", pictures / least(bare), ">=", 0, "pictures/s"),
        bound("throughput of the service, of the bare model's", (100 * least(bare)) / least(served), ">=", 95, "%"),
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

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
