import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Client, closedLoop } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

const AT_A_TIME = 64;

/**
 * S24: half of the clients go away at a random moment. What a process holds on to is what is left after garbage is collected; its resident memory
 * goes up and down by a third with what V8 has not collected yet: over 18,000 requests it went from 246 to 276 and to 218 MB, while what all threads held
 * stayed within 0.5 MB.
 */
export async function disconnects(build: SoakBuild, { requests }: { requests: number }): Promise<Findings> {
  const server = await build.createServer({ models: { m: modelFolder("vit") }, queue: 256 });
  const listening = await build.listen(server, { port: 0 });
  const client = new Client(listening.url);
  try {
    const { body: right } = await client.send({ path: "/models/m", body: photo });
    let wrong = 0;
    let left = 0;
    const run = (total: number) =>
      closedLoop(total, AT_A_TIME, async (index) => {
        const leaves = index % 2 === 1;
        const { status, body, error } = await client.send({
          path: "/models/m",
          body: photo,
          ...(leaves && { leaveAfterMs: Math.random() * 40 }),
        });
        if (error === "left") left++;
        else if (status !== 200 || body !== right) wrong++;
      });
    await run(Math.ceil(requests / 4));
    const before = await heldMb();
    left = 0;
    await run(requests);
    await until(300);
    const { body: metrics } = await client.send({ path: "/metrics" });
    const depth = Number(/vitrail_queue_depth\{model="m"\} (\d+)/.exec(metrics)?.[1]);
    return {
      id: "S24",
      title: `${requests} requests, half of whose clients may go away`,
      figures: [
        bound("clients that went away", left, ">=", 1),
        bound("others that did not get the right answer", wrong, "=", 0),
        bound("pictures still waiting afterwards", depth, "=", 0),
        bound("memory that is held after it, of before", (100 * (await heldMb())) / before, "<=", 105, "%"),
      ],
    };
  } finally {
    client.close();
    await listening.close();
  }
}

/** Memory of this process after garbage is collected, in megabytes: V8's, and what it holds outside of its heap. */
async function heldMb(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) {
    await until(100);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
