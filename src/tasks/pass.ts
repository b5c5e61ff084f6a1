import type { VisionTransformer, VisionTransformerConfig } from "../models/vision-transformer.js";

/** Numbers with their shape, in row-major order. */
export interface NumericArray {
  data: Float32Array;
  shape: number[];
}

/** What runs a transformer: through TF.js's layers, or by an engine that is no TF.js backend. */
export interface Pass {
  /** Passes made so far, for tests and for the curious. */
  readonly passes: number;

  /**
   * @param values pictures after preprocessing, `[batch, height, width, 3]`
   * @param names of the transformer's outputs
   * @returns each output with its batch axis first
   * @throws InputError `input/disposed`; `signal.reason` when aborted before its turn
   */
  run(
    values: Float32Array,
    shape: [number, number, number, number],
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Map<string, NumericArray>>;

  /**
   * Runs work with a TF.js backend active, the weights' own where there is one, when no other pass runs.
   *
   * @throws InputError `input/disposed`; `signal.reason` when aborted before its turn
   */
  inTurn<Result>(work: () => Result | Promise<Result>, signal?: AbortSignal): Promise<Result>;

  /** A pass over TF.js layers of its own with the same weights; and those layers. @throws InputError `input/disposed` */
  copy(config: VisionTransformerConfig): Promise<{ forward: Pass; transformer: VisionTransformer }>;

  /** Gives the weights' memory back, once the pass that may be running has ended. May be called again. */
  dispose(): Promise<void>;
}
