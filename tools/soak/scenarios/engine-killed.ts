import process from "node:process";
import type { Worker } from "node:worker_threads";
import { Client } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

const AT_A_TIME = 8;

/** S6: the engine's thread ends in the middle of its work, again and again. */
export async function engineKilled(build: SoakBuild, { times }: { times: number }): Promise<Findings> {
  const workers: Worker[] = [];
  const remember = (worker: Worker) => workers.push(worker);
  process.on("worker", remember);
  const loading = performance.now();
  const server = await build.createServer({ models: { m: modelFolder("vit") } });
  const loadMs = performance.now() - loading;
  const listening = await build.listen(server, { port: 0 });
  const client = new Client(listening.url);
  const send = () => client.send({ path: "/models/m", body: photo });
  try {
    const { body: right } = await send();
    let isOver = false;
    let wrong = 0;
    let strange = 0;
    let slowest = 0;
    const load = Array.from({ length: AT_A_TIME }, async () => {
      while (!isOver) {
        const { status, body, ms } = await send();
        if (status === 200) wrong += body === right ? 0 : 1;
        else if (status === 503) {
          slowest = Math.max(slowest, ms);
          await until(5);
        } else strange++;
      }
    });
    let unready = 0;
    let slowestBack = 0;
    for (let time = 0; time < times; time++) {
      await until(20 + Math.random() * 30);
      const start = performance.now();
      // The last thread that was started is the engine's: it is started after those that decode.
      await workers.at(-1)!.terminate();
      if ((await client.send({ path: "/health/ready" })).status === 503) unready++;
      while ((await client.send({ path: "/health/ready" })).status !== 200) await until(10);
      slowestBack = Math.max(slowestBack, performance.now() - start);
    }
    isOver = true;
    await Promise.all(load);
    return {
      id: "S6, S22",
      title: `The engine's thread killed under load, ${times} times`,
      figures: [
        bound("wrong answers", wrong, "=", 0),
        bound("answers other than 200 and 503, lost connections", strange, "=", 0),
        bound("slowest 503", slowest, "<=", 1_000, "ms"),
        bound("times that /health/ready said 503 meanwhile", unready, "=", times),
        bound("slowest return", slowestBack, "<=", 2_000 + loadMs, "ms"),
      ],
    };
  } finally {
    process.off("worker", remember);
    client.close();
    await listening.close();
  }
}
