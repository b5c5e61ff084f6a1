import { connect } from "node:net";
import { Client } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, quantile, type SoakBuild, until } from "../soak-build.js";

/** What the server gives headers and bodies by default, and a second. */
const MOST_MS = 11_000;
const HEAD = "POST /models/m HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n";

/** S8: sockets that send a byte a second, half of them of the header, half of the body, while others ask as always. */
export async function slowClients(build: SoakBuild, { sockets }: { sockets: number }): Promise<Findings> {
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`]);
  const client = new Client(server.url, 4);
  try {
    const ask = async (isOver: () => boolean) => {
      const times: number[] = [];
      while (!isOver()) {
        const { status, ms } = await client.send({ path: "/models/m", body: photo });
        times.push(status === 200 ? ms : Number.POSITIVE_INFINITY);
        await until(5);
      }
      return times;
    };
    const askFor = (ms: number) => {
      const start = performance.now();
      return ask(() => performance.now() - start > ms);
    };
    await askFor(2_000);
    const alone = await askFor(5_000);
    let isOver = false;
    const beside = ask(() => isOver);
    const ends = await Promise.all(
      Array.from({ length: sockets }, (_, i) =>
        drip(server.url, i % 2 === 0 ? HEAD : `${HEAD}Content-Length: 99\r\n\r\n`),
      ),
    );
    isOver = true;
    const p99 = quantile(await beside, 0.99);
    return {
      id: "S8",
      title: `${sockets} sockets at a byte a second`,
      figures: [
        bound("sockets that did not end with 408", ends.filter(({ status }) => status !== 408).length, "=", 0),
        bound("slowest end", Math.max(...ends.map(({ ms }) => ms)), "<=", MOST_MS, "ms"),
        bound("p99 of the others, of what it is without them", p99 / quantile(alone, 0.99), "<=", 1.2),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}

/** Opens a socket, sends the beginning, then a byte a second until the server closes it. */
function drip(url: string, beginning: string): Promise<{ status: number; ms: number }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const begin = performance.now();
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(beginning));
    const timer = setInterval(() => socket.write("x"), 1_000);
    const giveUp = setTimeout(() => socket.destroy(), 2 * MOST_MS);
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      clearTimeout(giveUp);
      resolve({ status: Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]), ms: performance.now() - begin });
    });
  });
}
