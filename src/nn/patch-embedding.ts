import { serialization, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { imagePatches } from "../ops/image-patches.js";
import { linear } from "../ops/linear.js";
import { Operation } from "./operation.js";

export interface PatchEmbeddingConfig {
  name?: string;
  /** Width of a token. */
  units: number;
  /** Of a patch, in pixels. */
  patch: { height: number; width: number };
}

/**
 * Cuts the picture into patches and projects each to a token: a convolution whose stride is its kernel's size.
 * `[batch, height, width, channels]` → `[batch, patches, units]`, row by row
 */
export class PatchEmbedding extends Operation {
  static readonly className = "VitrailPatchEmbedding";

  constructor(private readonly config: PatchEmbeddingConfig) {
    super(config);
  }

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    const { units, patch } = this.config;
    return { kernel: [input!.at(-1)! * patch.height * patch.width, units], bias: [units] };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, height, width] = input as [number, number, number];
    const { units, patch } = this.config;
    return [batch, Math.floor(height / patch.height) * Math.floor(width / patch.width), units];
  }

  protected compute([image]: Tensor[]): Tensor {
    const patches = imagePatches(image as Tensor4D, this.config.patch);
    return linear(patches, this.weight("kernel"), { bias: this.weight("bias") });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(PatchEmbedding);
