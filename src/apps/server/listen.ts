import { createServer as createNodeServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { VitrailServer } from "./create-server.js";
import { startingFetch } from "./starting.js";

export interface ListenOptions {
  /** Default 8080; 0 takes any that is free. */
  port?: number;
  /** Default "127.0.0.1": this machine only. */
  host?: string;
  /** Longest time for a request's headers to arrive, in milliseconds; then 408. Default 10,000. */
  headersTimeoutMs?: number;
}

/** A server that listens. */
export interface Listening {
  /** With the port that it really has. */
  url: string;
  /** Resolves when the server answers; rejects, with the port given back, where it can't be made. */
  ready: Promise<void>;
  /** Takes no new connections, answers what has begun, then closes everything. May be called again. */
  close(): Promise<void>;
}

/** Longer than a load balancer keeps its connections, in milliseconds: it is the one to close them. */
const KEEP_ALIVE_MS = 65_000;
/** How often connections are looked at for being too slow, in milliseconds. */
const CHECK_MS = 500;
/** A body has this longer than the app itself gives it, so that the app's own answer comes first. */
const BODY_GRACE_MS = 60_000;

/**
 * Puts a server on a port, with Node's HTTP. Of a promise of one, as `createServer` gives it, the port is open at once, and `/health/ready` says 503
 * until the models are there.
 *
 * @throws Node's own error where the port can't be had
 */
export async function listen(
  server: VitrailServer | Promise<VitrailServer>,
  options: ListenOptions = {},
): Promise<Listening> {
  const { port = 8080, host = "127.0.0.1", headersTimeoutMs = 10_000 } = options;
  let loaded: VitrailServer | undefined;
  const loading = Promise.resolve(server).then((value) => {
    loaded = value;
    return value;
  });
  loading.catch(() => {}); // it is `ready` that tells of it
  const node = createNodeServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: headersTimeoutMs + BODY_GRACE_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    getRequestListener((request) => (loaded ? loaded.fetch(request) : startingFetch(request)), {
      overrideGlobalObjects: false,
    }),
  );
  await new Promise<void>((resolve, reject) => {
    node.once("error", reject);
    node.listen(port, host, () => resolve());
  });
  const { address, family, port: real } = node.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= closeAll(node, loading);
    return closed;
  };
  const ready = loading.then(
    () => {},
    async (error) => {
      await close();
      throw error;
    },
  );
  ready.catch(() => {}); // for those who do not ask
  return { url: `http://${name}:${real}`, ready, close };
}

async function closeAll(node: Server, server: Promise<VitrailServer>): Promise<void> {
  const ended = new Promise<void>((resolve) => node.close(() => resolve()));
  node.closeIdleConnections();
  await server.then(
    (loaded) => loaded.close(),
    () => {},
  );
  node.closeIdleConnections();
  // What is left after the time to drain is cut.
  node.closeAllConnections();
  await ended;
}
