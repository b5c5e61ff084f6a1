import { Client, closedLoop } from "../client.js";
import { distinctPicture, modelFolder } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild } from "../soak-build.js";

/** float32 sums in another order; see docs/numerics.md on batches. */
const TOLERANCE = 1e-5;
const AT_A_TIME = 64;

/** S3 and S4: distinct pictures, of which every eighth is broken; each answer must be its own picture's. */
export async function rightAnswers(build: SoakBuild, { requests }: { requests: number }): Promise<Findings> {
  await using model = await build.loadModel(modelFolder("vit"));
  const pictures = Array.from({ length: requests }, (_, i) => distinctPicture(i));
  const wanted = await model.embed(pictures);
  const isBroken = (index: number) => index % 8 === 7;
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`, "--queue", "256"]);
  const client = new Client(server.url);
  try {
    const outcomes = await closedLoop(requests, AT_A_TIME, (index) =>
      client.send({
        path: "/embed",
        type: "image/png",
        body: isBroken(index) ? pictures[index]!.subarray(0, 300) : pictures[index]!,
      }),
    );
    let worst = 0;
    let wrong = 0;
    for (const [index, { status, body }] of outcomes.entries()) {
      if (isBroken(index)) wrong += status === 422 ? 0 : 1;
      else if (status !== 200) wrong++;
      else {
        const [vector] = JSON.parse(body) as [number[]];
        const distance = vector.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[index]![i]!)), 0);
        worst = Math.max(worst, distance);
        if (!(distance <= TOLERANCE)) wrong++;
      }
    }
    const metrics = (await client.send({ path: "/metrics" })).body;
    const batches = Number(/vitrail_batch_size_count\{[^}]*\} (\d+)/.exec(metrics)?.[1]);
    return {
      id: "S3, S4",
      title: `${requests} distinct pictures, ${AT_A_TIME} at a time, every eighth broken`,
      figures: [
        bound("answers that are wrong, swapped or missing", wrong, "=", 0),
        bound("greatest difference from a single run", worst, "<=", TOLERANCE),
        bound("pictures in a batch, on average", (requests * 7) / 8 / batches, ">=", 1.5),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}
