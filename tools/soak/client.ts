import { Agent, request } from "node:http";

/** What became of a request. */
export interface Outcome {
  /** 0: no answer. */
  status: number;
  body: string;
  retryAfter: string | undefined;
  ms: number;
  /** Why there was no answer. */
  error?: string;
}

export interface SendOptions {
  path: string;
  body?: Uint8Array | string;
  type?: string;
  requestId?: string;
  /** After this the client goes away. */
  leaveAfterMs?: number;
}

/** No answer within this is a request that hangs, in milliseconds. */
const HUNG_MS = 120_000;

/** A client of one server, whose connections stay open. */
export class Client {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    connections = 1_024,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  send({ path, body, type = "image/jpeg", requestId, leaveAfterMs }: SendOptions): Promise<Outcome> {
    const start = performance.now();
    return new Promise((resolve) => {
      const end = (outcome: Pick<Outcome, "status" | "body" | "retryAfter"> & { error?: string }) => {
        clearTimeout(leaving);
        resolve({ ...outcome, ms: performance.now() - start });
      };
      const failed = (error: Error) => end({ status: 0, body: "", retryAfter: undefined, error: error.message });
      const headers = {
        ...(body !== undefined && { "content-type": type, "content-length": Buffer.byteLength(body) }),
        ...(requestId && { "x-request-id": requestId }),
      };
      const sent = request(
        this.url + path,
        { method: body === undefined ? "GET" : "POST", agent: this.agent, headers, timeout: HUNG_MS },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", failed);
          response.on("end", () =>
            end({
              status: response.statusCode!,
              body: Buffer.concat(parts).toString(),
              retryAfter: response.headers["retry-after"],
            }),
          );
        },
      );
      const leaving =
        leaveAfterMs === undefined ? undefined : setTimeout(() => sent.destroy(new Error("left")), leaveAfterMs);
      sent.on("timeout", () => sent.destroy(new Error("hung")));
      sent.on("error", failed);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Sends so many at a time, the next as soon as one is answered. */
export async function closedLoop<Result>(
  total: number,
  atATime: number,
  send: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const index = next++;
      results[index] = await send(index);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}

/** Sends at a rate, whether or not anything is answered. */
export async function openLoop<Result>(
  total: number,
  perSecond: number,
  send: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const start = performance.now();
  const results: Promise<Result>[] = [];
  while (results.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) / 1000) * perSecond));
    while (results.length < due) results.push(send(results.length));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(results);
}
