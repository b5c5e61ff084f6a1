import { Client, closedLoop } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

/** S24: half of the clients go away at a random moment. */
export async function disconnects(build: SoakBuild, { requests }: { requests: number }): Promise<Findings> {
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`, "--queue", "256"]);
  const client = new Client(server.url);
  try {
    const { body: right } = await client.send({ path: "/models/m", body: photo });
    const leaves = (index: number) => index % 2 === 1;
    const run = (total: number) =>
      closedLoop(total, 64, (index) =>
        client.send({
          path: "/models/m",
          body: photo,
          ...(leaves(index) && { leaveAfterMs: Math.random() * 40 }),
        }),
      );
    await run(Math.ceil(requests / 4));
    const residentBefore = server.residentMb();
    const outcomes = await run(requests);
    const wrong = outcomes.filter(({ status, body }, index) => !leaves(index) && (status !== 200 || body !== right));
    const left = outcomes.filter(({ error }) => error === "left").length;
    await until(300);
    const depth = Number(
      /vitrail_queue_depth\{model="m"\} (\d+)/.exec((await client.send({ path: "/metrics" })).body)?.[1],
    );
    return {
      id: "S24",
      title: `${requests} requests, half of whose clients may go away`,
      figures: [
        bound("clients that went away", left, ">=", 1),
        bound("others that did not get the right answer", wrong.length, "=", 0),
        bound("pictures still waiting afterwards", depth, "=", 0),
        bound("resident memory after it, of before", (100 * server.residentMb()) / residentBefore, "<=", 110, "%"),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}
