import { type Transferable, Worker } from "node:worker_threads";
import { ServerError } from "../../../errors.js";
import type { ThreadMessage } from "./serve-thread.js";
import { fromFailure } from "./thread-failure.js";

export interface WorkerPoolOptions {
  /** The thread's script, which calls `serveThread`. */
  file: URL;
  /** Threads, each with one request at a time. */
  size: number;
  /** Given to each thread at its start. */
  data?: unknown;
  /** Longest time for a request, in milliseconds: a thread that hangs is ended, and started again. Default: no limit. */
  mostMs?: number;
}

interface Waiting<Request, Reply> {
  request: Request;
  transfer: Transferable[];
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

interface Member<Request, Reply> {
  worker: Worker;
  isReady: boolean;
  current?: Waiting<Request, Reply> | undefined;
  timer?: NodeJS.Timeout;
}

/** A thread that ended is started again after this long; twice that each time it does not get ready, up to the most. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Threads that answer requests in the order in which they come. A thread that ends fails its request alone, and is started again. */
export class WorkerPool<Request, Reply, Facts> {
  private readonly members = new Set<Member<Request, Reply>>();
  private readonly queue = new Set<Waiting<Request, Reply>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private waitMs = FIRST_WAIT_MS;
  private nextId = 1;
  private isClosed = false;

  private constructor(private readonly options: WorkerPoolOptions) {}

  /**
   * Starts the threads.
   *
   * @returns the pool, and what the threads said of themselves when they were ready
   * @throws what a thread fails with before it is ready
   */
  static async start<Request, Reply, Facts>(
    options: WorkerPoolOptions,
  ): Promise<{ pool: WorkerPool<Request, Reply, Facts>; facts: Facts }> {
    const pool = new WorkerPool<Request, Reply, Facts>(options);
    try {
      const facts = await Promise.all(Array.from({ length: options.size }, () => pool.startMember()));
      return { pool, facts: facts[0]! };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Whether every thread is there and ready. */
  get isUp(): boolean {
    return [...this.members].filter(({ isReady }) => isReady).length === this.options.size;
  }

  /**
   * @param transfer memory that goes over instead of being copied
   * @throws what the thread answers with; ServerError `server/worker-lost` where it ends meanwhile, `server/deadline` where it hangs; `signal.reason`
   *   before its turn
   */
  run(request: Request, transfer: Transferable[] = [], signal?: AbortSignal): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.isClosed) return reject(lost());
      const leave = () => {
        if (this.queue.delete(waiting)) reject(signal!.reason);
      };
      const done = () => signal?.removeEventListener("abort", leave);
      const waiting: Waiting<Request, Reply> = {
        request,
        transfer,
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.queue.add(waiting);
      this.dispatch();
    });
  }

  /** Ends the threads; what waits for them fails. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const waiting of this.queue) waiting.reject(lost());
    this.queue.clear();
    await Promise.all([...this.members].map(({ worker }) => worker.terminate()));
  }

  private dispatch(): void {
    for (const member of this.members) {
      if (!member.isReady || member.current) continue;
      const [next] = this.queue;
      if (!next) return;
      this.queue.delete(next);
      member.current = next;
      try {
        member.worker.postMessage({ id: this.nextId++, request: next.request }, next.transfer);
        this.watch(member);
      } catch (error) {
        member.current = undefined;
        next.reject(error);
      }
    }
  }

  private watch(member: Member<Request, Reply>): void {
    const { mostMs } = this.options;
    if (mostMs === undefined) return;
    member.timer = setTimeout(() => {
      member.isReady = false;
      member.current?.reject(new ServerError("server/deadline", `There was no answer within ${mostMs / 1000} s.`));
      void member.worker.terminate();
    }, mostMs).unref();
  }

  private startMember(): Promise<Facts> {
    const worker = new Worker(this.options.file, { workerData: this.options.data, stdin: false });
    worker.unref();
    const member: Member<Request, Reply> = { worker, isReady: false };
    this.members.add(member);
    return new Promise((resolve, reject) => {
      worker.on("message", (message: ThreadMessage<Facts, Reply>) => {
        if ("broken" in message) reject(fromFailure(message.broken));
        else if ("ready" in message) {
          member.isReady = true;
          this.waitMs = FIRST_WAIT_MS;
          resolve(message.ready);
        } else {
          const { current } = member;
          clearTimeout(member.timer);
          member.current = undefined;
          if ("reply" in message) current?.resolve(message.reply);
          else current?.reject(fromFailure(message.failure));
        }
        this.dispatch();
      });
      worker.on("error", reject);
      worker.on("exit", () => {
        clearTimeout(member.timer);
        this.members.delete(member);
        member.current?.reject(lost());
        reject(lost());
        if (!this.isClosed) this.startLater();
      });
    });
  }

  private startLater(): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      // A thread that does not get ready ends itself or is ended here, which comes back to this line.
      this.startMember().catch(() => this.endUnready());
    }, this.waitMs);
    timer.unref();
    this.timers.add(timer);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  private endUnready(): void {
    for (const { worker, isReady } of this.members) if (!isReady) void worker.terminate();
  }
}

function lost(): ServerError {
  return new ServerError("server/worker-lost", "The thread that worked on this ended. Send the request again.");
}
