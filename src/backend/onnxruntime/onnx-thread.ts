import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.js";

export interface SessionOptions {
  /** Folder of the files that the graph's weights lie in. */
  folder: string;
  /** That compute. */
  threads: number;
}

/** An output of a run, its batch axis first. */
export interface OnnxArray {
  data: Float32Array;
  shape: number[];
}

interface Waiting {
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/**
 * ONNX Runtime in a thread of its own, since its binding blocks the thread that calls it. A thread that waits for nothing does not keep the
 * process alive.
 */
export class OnnxThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;
  private end: Error | undefined;

  /** @param path main file of the package `onnxruntime-node` */
  constructor(path: string) {
    this.worker = new Worker(new URL("./onnx-worker.js", import.meta.url), {
      workerData: { module: pathToFileURL(path).href },
      name: "vitrail onnxruntime",
    });
    this.worker.unref();
    this.worker.on("message", ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const call = this.settle(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    this.worker.on("error", (error: Error) => this.fail(error));
    this.worker.on("exit", () => this.fail(new Error("its thread ended")));
  }

  /** Of the package. @throws Error what the package throws as it is loaded */
  version(): Promise<string> {
    return this.ask("version") as Promise<string>;
  }

  /**
   * @param graph given away, with its whole buffer: it is moved to the thread
   * @returns the session's number
   * @throws Error in ONNX Runtime's words
   */
  create(graph: Uint8Array<ArrayBuffer>, { folder, threads }: SessionOptions): Promise<number> {
    const options = {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      enableMemPattern: false, // which keeps a plan for each batch's size, and takes 50 MB more for an EVA-02-B at the same speed
      logSeverityLevel: 4, // what goes wrong is thrown too
      extra: { "session.model_external_initializers_file_folder_path": folder },
    };
    return this.ask("create", { graph, options }, [graph.buffer]) as Promise<number>;
  }

  /** @param input name of the graph's one input */
  async run(
    session: number,
    input: string,
    values: Float32Array,
    shape: readonly number[],
  ): Promise<Map<string, OnnxArray>> {
    return new Map((await this.ask("run", { session, input, values, shape })) as [string, OnnxArray][]);
  }

  /** Gives a session's memory back. */
  async release(session: number): Promise<void> {
    await this.ask("release", { session });
  }

  /** Ends the thread, once its sessions are released. */
  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private ask(kind: string, request: object = {}, given: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.end) return Promise.reject(this.end);
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ id, kind, ...request }, given);
    });
  }

  private settle(id: number): Waiting | undefined {
    const call = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    return call;
  }

  private fail(error: Error): void {
    this.end ??= error;
    for (const id of [...this.waiting.keys()]) this.settle(id)!.reject(this.end);
  }
}

/** ONNX Runtime's words as an error of ours. */
export function onnxError(cause: unknown): EngineError {
  const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split("\n")[0]!.replace(/\.$/, "");
  const lacksOperator = /not a registered function|find an implementation|No Op registered|not implemented|opset/i.test(
    reason,
  );
  const advice = "Install a newer one (npm install onnxruntime-node@latest), or take another engine.";
  return new EngineError(
    lacksOperator ? "engine/operator" : "engine/failed",
    lacksOperator
      ? `This onnxruntime-node lacks an operator that the model needs: ${reason}. ${advice}`
      : `The engine "onnxruntime" does not work here: ${reason}. ${advice}`,
    { details: { engine: "onnxruntime", reason }, cause },
  );
}
