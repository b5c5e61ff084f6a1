import { parentPort } from "node:worker_threads";
import { type ThreadFailure, toFailure } from "./thread-failure.js";

/** From the pool to a thread. */
export interface ThreadRequest<Request> {
  id: number;
  request: Request;
}

/** From a thread to the pool: once that it is ready, or why not; then an answer for each request. */
export type ThreadMessage<Facts, Reply> =
  | { ready: Facts }
  | { broken: ThreadFailure }
  | { id: number; reply: Reply }
  | { id: number; failure: ThreadFailure };

/** What a thread answers, and the memory that it hands over instead of copying. */
export interface ThreadReply<Reply> {
  reply: Reply;
  transfer: ArrayBuffer[];
}

/** What a thread has once it is ready. */
export interface ThreadWork<Request, Reply, Facts> {
  facts: Facts;
  handle(request: Request): Promise<ThreadReply<Reply>>;
}

/** Makes this thread one of a `WorkerPool`: gets ready, then answers requests. */
export async function serveThread<Request, Reply, Facts>(
  start: () => Promise<ThreadWork<Request, Reply, Facts>>,
): Promise<void> {
  const port = parentPort!;
  const post = (message: ThreadMessage<Facts, Reply>, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  try {
    const { facts, handle } = await start();
    port.on("message", async ({ id, request }: ThreadRequest<Request>) => {
      try {
        const { reply, transfer } = await handle(request);
        post({ id, reply }, transfer);
      } catch (error) {
        post({ id, failure: toFailure(error) });
      }
    });
    post({ ready: facts });
  } catch (error) {
    post({ broken: toFailure(error) });
  }
}
