import { Client } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

const AT_A_TIME = 16;

/** S5: SIGTERM under load, again and again; once a second SIGTERM while a request is stuck. */
export async function drain(build: SoakBuild, { times }: { times: number }): Promise<Findings> {
  let lost = 0;
  let strange = 0;
  let badExits = 0;
  let slowest = 0;
  let answered = 0;
  for (let time = 0; time < times; time++) {
    const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`]);
    const client = new Client(server.url);
    const outcomes = new Map<string, number>();
    let isOver = false;
    const load = Array.from({ length: AT_A_TIME }, async (_, worker) => {
      for (let i = 0; !isOver; i++) {
        const requestId = `w${worker}-${i}`;
        const { status } = await client.send({ path: "/models/m", body: photo, requestId });
        outcomes.set(requestId, status);
        if (status === 0) return;
      }
    });
    await until(100 + Math.random() * 200);
    const start = performance.now();
    const code = await server.stop();
    slowest = Math.max(slowest, performance.now() - start);
    isOver = true;
    await Promise.all(load);
    client.close();
    badExits += code === 0 ? 0 : 1;
    // A request that the server says it answered, and whose client got nothing.
    for (const { requestId, status } of server.log)
      if (requestId?.startsWith("w") && outcomes.get(requestId) !== status) lost++;
    for (const status of outcomes.values()) {
      if (status === 200) answered++;
      else if (status !== 503 && status !== 0) strange++;
    }
  }
  const forced = await force(build);
  return {
    id: "S5",
    title: `SIGTERM under load, ${times} times`,
    figures: [
      bound("requests answered", answered, ">=", times),
      bound("answers that did not reach their client", lost, "=", 0),
      bound("answers other than 200 and 503", strange, "=", 0),
      bound("exits with another code than 0", badExits, "=", 0),
      bound("slowest end", slowest, "<=", 10_000, "ms"),
      bound("end after a second SIGTERM, with a request stuck", forced, "<=", 1_000, "ms"),
    ],
  };
}

async function force(build: SoakBuild): Promise<number> {
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`]);
  const stuck = new AbortController();
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0xff])) });
  const sending = fetch(`${server.url}/models/m`, {
    method: "POST",
    body,
    duplex: "half",
    signal: stuck.signal,
  } as RequestInit).catch(() => {});
  await until(200);
  server.signal("SIGTERM");
  await until(200);
  const start = performance.now();
  server.signal("SIGTERM");
  await server.ended;
  stuck.abort();
  await sending;
  return performance.now() - start;
}
