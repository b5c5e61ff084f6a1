import { image, serialization, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

export interface BilinearUpsamplingConfig {
  name?: string;
  /** How many times larger each side becomes. */
  factor: number;
}

/**
 * Enlarges a feature map bilinearly with half-pixel centers, as PyTorch does with `align_corners=False`; TF.js's own
 * `upSampling2d` has no half-pixel centers. `[batch, height, width, channels]` → `[batch, factor * height, factor * width, channels]`
 */
export class BilinearUpsampling extends Operation {
  static readonly className = "VitrailBilinearUpsampling";

  constructor(private readonly config: BilinearUpsamplingConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, height, width, channels] = input as [number, number, number, number];
    return [batch, height * this.config.factor, width * this.config.factor, channels];
  }

  protected compute([x]: Tensor[]): Tensor {
    const [height, width] = this.outputShapeFor([x!.shape]).slice(1) as [number, number];
    return image.resizeBilinear(x as Tensor4D, [height, width], false, true);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(BilinearUpsampling);
