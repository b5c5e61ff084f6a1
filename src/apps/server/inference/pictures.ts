import { availableParallelism } from "node:os";
import type { Image } from "../../../images/image.js";
import type { DecodeLimits } from "../../../images/limits.js";
import type { ModelConfig } from "../../../models/model-config.js";
import type { AnalyzedFace } from "../../../tasks/faces/face-analysis.js";
import type { PictureReply, PictureRequest } from "./picture-thread.js";
import { WorkerPool } from "./worker-pool.js";

/** The engine takes every core; decoding needs a share of them only. With two at least, a picture that hangs does not hold up the others. */
const FEWEST_THREADS = 2;
const MOST_THREADS = 4;

/** Threads that decode and prepare pictures. */
export class Pictures {
  private constructor(private readonly pool: WorkerPool<PictureRequest, PictureReply, undefined>) {}

  /** @param mostMs longest time for a picture; then its thread is ended, and started again */
  static async start(limits: DecodeLimits, mostMs: number, file: URL): Promise<Pictures> {
    const size = Math.min(MOST_THREADS, Math.max(FEWEST_THREADS, Math.floor(availableParallelism() / 2)));
    const { pool } = await WorkerPool.start<PictureRequest, PictureReply, undefined>({
      file,
      size,
      data: limits,
      mostMs,
    });
    return new Pictures(pool);
  }

  get isUp(): boolean {
    return this.pool.isUp;
  }

  /**
   * Encoded bytes → a model's input `[height, width, 3]`. The bytes are handed over: nobody may look at them afterwards.
   *
   * @throws ImageError, InputError; ServerError `server/worker-lost`, `server/deadline`; `signal.reason` before its turn
   */
  async prepare(bytes: Uint8Array, config: ModelConfig, signal?: AbortSignal): Promise<Float32Array> {
    const { preprocessing, architecture } = config;
    return (await this.run({ bytes, plan: { preprocessing, size: architecture.image } }, signal)) as Float32Array;
  }

  /** Encoded bytes, which are handed over → upright pixels. Fails as `prepare` does. */
  async decode(bytes: Uint8Array, signal?: AbortSignal): Promise<Image> {
    return (await this.run({ bytes }, signal)) as Image;
  }

  /** Encoded bytes, which are handed over → a PNG with the faces drawn in. Fails as `prepare` does. */
  async annotate(bytes: Uint8Array, faces: readonly AnalyzedFace[], signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.run({ bytes, faces }, signal)) as Uint8Array;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private run({ bytes, ...rest }: PictureRequest, signal?: AbortSignal): Promise<PictureReply> {
    // Bytes that are all of their memory go over as they are; of a view a copy does, since it would take the whole body with it.
    const own = bytes.length === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
    return this.pool.run({ bytes: own, ...rest }, [own.buffer as ArrayBuffer], signal);
  }
}
