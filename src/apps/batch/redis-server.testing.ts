import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";

/** Why tests on a real Redis are left out, as a part of their title; undefined where they can run. */
export const whyNoRedis =
  spawnSync("redis-server", ["--version"]).status === 0
    ? undefined
    : "left out: run `node tools/servers/install-redis.mjs` to have them";

/** Starts a Redis that keeps nothing on disk, on a port of its own. */
export async function startRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("redis-server ended before it was ready")));
    child.stdout.on("data", (text: Buffer) => text.includes("Ready to accept connections") && resolve());
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
