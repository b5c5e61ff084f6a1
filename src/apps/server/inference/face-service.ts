import type { Image } from "../../../images/image.js";
import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";
import type { ServerMetrics } from "../server-metrics.js";
import { Admission } from "./admission.js";
import { BatchQueue } from "./batch-queue.js";
import type { FaceHost, FaceOutcome } from "./engine-host.js";
import { Gate } from "./gate.js";
import type { KeptPicture } from "./kept-pictures.js";
import type { QueueLimits } from "./model-service.js";
import type { Pictures } from "./pictures.js";

/** The name under which metrics and queues speak of faces. */
const NAME = "faces";

/** The face analyzer behind its queue. */
export class FaceService {
  readonly admission: Admission;
  private readonly batches: BatchQueue<Image, FaceOutcome>;
  /** Decoded pictures are large, and only so many are held: those of the batch that runs and of the next one. */
  private readonly decoded: Gate;

  /** @param attributes names of what is said of a face, where they are known */
  constructor(
    readonly attributes: readonly string[] | undefined,
    private readonly host: FaceHost,
    private readonly pictures: Pictures,
    limits: QueueLimits,
    private readonly metrics: ServerMetrics,
  ) {
    this.admission = new Admission(limits.queue, limits.deadlineMs);
    this.decoded = new Gate(2 * limits.batch);
    this.batches = new BatchQueue((images) => host.analyze(images), limits.batch, {
      started: (waits) => metrics.batchStarted(NAME, waits),
      ended: (seconds, items) => {
        metrics.batchEnded(NAME, seconds);
        this.admission.measured(seconds, items);
      },
    });
  }

  get isUp(): boolean {
    return this.host.isUp;
  }

  /**
   * The faces of an encoded picture, whose bytes are handed over.
   *
   * @throws ServerError `server/overloaded`; what the picture fails with; `signal.reason`
   */
  analyze(bytes: Uint8Array, signal: AbortSignal): Promise<FaceAnalysis> {
    return this.admit(signal, async () => {
      const start = performance.now();
      const image = await this.pictures.decode(bytes, signal);
      this.metrics.decoded(NAME, (performance.now() - start) / 1000);
      const outcome = await this.batches.add(image, signal);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
  }

  /** A picture with its faces drawn in, as PNG. Fails as `analyze` does. */
  annotate({ bytes, analysis }: KeptPicture, signal: AbortSignal): Promise<Uint8Array> {
    return this.admit(signal, () => this.pictures.annotate(Uint8Array.from(bytes), analysis.faces, signal));
  }

  private async admit<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const leave = this.admission.enter(1);
    try {
      const leaveGate = await this.decoded.enter(signal);
      try {
        return await work();
      } finally {
        leaveGate();
      }
    } finally {
      leave();
    }
  }
}
