import type { EngineMemory } from "../../backend/engine-memory.js";
import { MetricRegistry } from "./http/prometheus.js";

/** Seconds; the buckets of OpenTelemetry's HTTP conventions. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64];

/** What `/metrics` tells. Every label is one of few values: routes, statuses, names of models, reasons. */
export class ServerMetrics {
  private readonly registry = new MetricRegistry();
  private readonly requests = this.registry.histogram(
    "http_server_request_duration_seconds",
    "Time from a request's headers to its answer.",
    SECONDS,
  );
  private readonly stages = this.registry.histogram(
    "vitrail_inference_duration_seconds",
    "Time that a stage takes: decode for each picture with its wait for a thread, forward for each batch.",
    SECONDS,
  );
  private readonly batches = this.registry.histogram("vitrail_batch_size", "Pictures in a forward pass.", BATCH_SIZES);
  private readonly queued = this.registry.histogram(
    "vitrail_queue_duration_seconds",
    "Time that a prepared picture waits for its batch.",
    SECONDS,
  );
  private readonly refused = this.registry.counter("vitrail_rejected_total", "Requests that were not worked on.");

  /**
   * @param depths of the queues, by model, in pictures
   * @param engine what the engine's thread holds; nothing where there is none
   */
  constructor(
    depths: () => readonly { model: string; pending: number }[],
    engine: () => EngineMemory | undefined = () => undefined,
  ) {
    this.registry.gauge("vitrail_queue_depth", "Pictures that are worked on or wait.", () =>
      depths().map(({ model, pending }) => ({ labels: { model }, value: pending })),
    );
    const ofEngine = (name: string, help: string, read: (memory: EngineMemory) => number) =>
      this.registry.gauge(name, help, () => [engine()].flatMap((memory) => (memory ? [{ value: read(memory) }] : [])));
    ofEngine("vitrail_tensors", "Tensors in the engine's thread, weights among them.", ({ tensors }) => tensors);
    ofEngine(
      "vitrail_engine_memory_bytes",
      "Bytes of tensors and weights in the engine's thread.",
      ({ bytes }) => bytes,
    );
    this.registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => [
      { value: process.memoryUsage.rss() },
    ]);
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe(seconds, {
      http_request_method: method,
      http_route: route,
      http_response_status_code: String(status),
    });
  }

  /** @param reason the problem's code, without its room */
  rejected(reason: string): void {
    this.refused.add({ reason });
  }

  decoded(model: string, seconds: number): void {
    this.stages.observe(seconds, { model, stage: "decode" });
  }

  batchStarted(model: string, waits: readonly number[]): void {
    this.batches.observe(waits.length, { model });
    for (const wait of waits) this.queued.observe(wait, { model });
  }

  batchEnded(model: string, seconds: number): void {
    this.stages.observe(seconds, { model, stage: "forward" });
  }

  text(): string {
    return this.registry.text();
  }
}
