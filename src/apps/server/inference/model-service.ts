import { unitLength } from "../../../tasks/embedding.js";
import type { NumericArray } from "../../../tasks/pass.js";
import type { ServerMetrics } from "../server-metrics.js";
import { Admission } from "./admission.js";
import { BatchQueue } from "./batch-queue.js";
import type { ModelHost, ServedOutput } from "./engine-host.js";
import type { Pictures } from "./pictures.js";

export interface QueueLimits {
  /** Pictures of a model that may be worked on or wait. */
  queue: number;
  /** Pictures in one forward pass. */
  batch: number;
  /** Longest time for an answer, in milliseconds. */
  deadlineMs: number;
}

interface Item {
  values: Float32Array;
  outputs: readonly ServedOutput[];
}

/** What a picture gave. Arrays without batch axis; the embedding not brought to length 1. */
export type PictureOutputs = Partial<Record<ServedOutput, NumericArray>>;

/** One model behind its queue. */
export class ModelService {
  readonly admission: Admission;
  private readonly batches: BatchQueue<Item, PictureOutputs>;

  constructor(
    readonly name: string,
    private readonly host: ModelHost,
    private readonly pictures: Pictures,
    readonly limits: QueueLimits,
    private readonly metrics: ServerMetrics,
  ) {
    this.admission = new Admission(limits.queue, limits.deadlineMs);
    this.batches = new BatchQueue((items) => this.forward(items), limits.batch, {
      started: (waits) => metrics.batchStarted(name, waits),
      ended: (seconds, items) => {
        metrics.batchEnded(name, seconds);
        this.admission.measured(seconds, items);
      },
    });
  }

  get config() {
    return this.host.config;
  }

  get dtype() {
    return this.host.dtype;
  }

  get labels(): readonly string[] {
    return this.host.config.labels;
  }

  get isUp(): boolean {
    return this.host.isUp;
  }

  /**
   * Outputs of encoded pictures, in their order.
   *
   * @throws ServerError `server/overloaded`; what a picture fails with; `signal.reason`
   */
  run(pictures: readonly Uint8Array[], outputs: readonly ServedOutput[], signal: AbortSignal) {
    return this.admit(pictures.length, () =>
      Promise.all(
        pictures.map(async (bytes) => {
          const start = performance.now();
          const values = await this.pictures.prepare(bytes, this.host.config, signal);
          this.metrics.decoded(this.name, (performance.now() - start) / 1000);
          return this.batches.add({ values, outputs }, signal);
        }),
      ),
    );
  }

  /**
   * As `run`, from pictures that are prepared already.
   *
   * @param values each `[height, width, 3]`, normalized
   */
  runPrepared(values: readonly Float32Array[], outputs: readonly ServedOutput[], signal: AbortSignal) {
    return this.admit(values.length, () =>
      Promise.all(values.map((each) => this.batches.add({ values: each, outputs }, signal))),
    );
  }

  private async admit<Result>(pictures: number, work: () => Promise<Result>): Promise<Result> {
    const leave = this.admission.enter(pictures);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  private async forward(items: readonly Item[]): Promise<PictureOutputs[]> {
    const size = items[0]!.values.length;
    const values = new Float32Array(items.length * size);
    for (const [i, item] of items.entries()) values.set(item.values, i * size);
    const outputs = [...new Set(items.flatMap((item) => item.outputs))];
    const results = await this.host.run(values, items.length, outputs);
    return items.map((item, i) => Object.fromEntries(item.outputs.map((name) => [name, pictureOf(results[name]!, i)])));
  }
}

/** The vector that `embed` gives: at length 1 unless `normalize` is false. */
export function embeddingOf(outputs: PictureOutputs, normalize = true): Float32Array {
  const { data } = outputs.embedding!;
  return normalize ? unitLength(data) : data;
}

/** `[batch, ...]` → `[...]`, a copy */
function pictureOf({ data, shape }: NumericArray, index: number): NumericArray {
  const [batch, ...rest] = shape as [number, ...number[]];
  const size = data.length / batch;
  return { data: data.slice(index * size, (index + 1) * size), shape: rest };
}
