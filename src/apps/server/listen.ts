import { createServer as createNodeServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { VitrailServer } from "./create-server.js";

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
  /** Takes no new connections, answers what has begun, then closes everything. May be called again. */
  close(): Promise<void>;
}

/** Longer than a load balancer keeps its connections, in milliseconds: it is the one to close them. */
const KEEP_ALIVE_MS = 65_000;
/** How often connections are looked at for being too slow, in milliseconds. */
const CHECK_MS = 500;
/** A body has this longer than the app itself gives it, so that the app's own answer comes first. */
const BODY_GRACE_MS = 60_000;

/** Puts a server on a port, with Node's HTTP. Rejects with Node's own error where the port can't be had. */
export async function listen(server: VitrailServer, options: ListenOptions = {}): Promise<Listening> {
  const { port = 8080, host = "127.0.0.1", headersTimeoutMs = 10_000 } = options;
  const node = createNodeServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: headersTimeoutMs + BODY_GRACE_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    getRequestListener((request) => server.fetch(request), { overrideGlobalObjects: false }),
  );
  await new Promise<void>((resolve, reject) => {
    node.once("error", reject);
    node.listen(port, host, () => resolve());
  });
  const { address, family, port: real } = node.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${name}:${real}`,
    close: () => {
      closed ??= closeAll(node, server);
      return closed;
    },
  };
}

async function closeAll(node: Server, server: VitrailServer): Promise<void> {
  const ended = new Promise<void>((resolve) => node.close(() => resolve()));
  node.closeIdleConnections();
  await server.close();
  node.closeIdleConnections();
  // What is left after the time to drain is cut.
  node.closeAllConnections();
  await ended;
}
