import { createHash } from "node:crypto";
import { type Tensor, tidy, transpose } from "@tensorflow/tfjs-core";
import { parametersOf } from "../../../models/parameters.js";
import type { VisionTransformer } from "../../../models/vision-transformer.js";
import { fingerprintOf } from "../../search/fingerprint.js";
import type { VisionModel } from "../../vision-model.js";
import type { AdapterMatrices } from "./low-rank-adapters.js";
import type { TuningSettings } from "./tuning-options.js";

/** Adapters as they were when they were merged. */
export interface TrainedAdapters {
  settings: NonNullable<TuningSettings["lora"]>;
  /** Of the blocks that have adapters, the first. */
  first: number;
  matrices: readonly AdapterMatrices[];
}

/** A copy of a model with trained blocks. */
export class TunedModel {
  /**
   * @param model the copy
   * @param original what it is a copy of
   * @param changed our names of the weights that differ
   */
  constructor(
    readonly model: VisionModel,
    private readonly transformer: VisionTransformer,
    readonly original: VisionModel,
    readonly changed: readonly string[],
    readonly adapters?: TrainedAdapters,
  ) {}

  /** A weight as checkpoints lay it out. @param name one of `changed` */
  weight(name: string): Promise<Float32Array> {
    const { layout, variable } = parametersOf(this.transformer.model).find((one) => one.name === name)!;
    return this.model.onEngine(() => {
      const weight = variable.read() as Tensor;
      const stored = tidy(() => (layout === "transposed" ? transpose(weight) : weight.clone()));
      return stored.data().finally(() => stored.dispose()) as Promise<Float32Array>;
    });
  }

  /** Says which model this is, as `fingerprintOf` does of one from files. @throws InputError `input/no-files` */
  async fingerprint(): Promise<string> {
    const hash = createHash("sha256").update(await fingerprintOf(this.original, { normalize: false }));
    for (const name of this.changed) {
      const { buffer, byteOffset, byteLength } = await this.weight(name);
      hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return `tuned:${hash.digest("hex").slice(0, 32)}`;
  }

  /** Gives the copy's memory back. */
  dispose(): Promise<void> {
    return this.model.dispose();
  }
}
